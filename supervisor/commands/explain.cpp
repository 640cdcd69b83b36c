#include "supervisor/config/explain.hpp"

#include "base/files.hpp"
#include "base/scalars.hpp"
#include "supervisor/commands/commands.hpp"
#include "supervisor/commands/input.hpp"
#include "supervisor/commands/sidecar_client.hpp"
#include "supervisor/config/limits.hpp"
#include "supervisor/manifest/subject.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace podmedic::commands {
namespace {

using nlohmann::json;

void print(const config::annotations& given, const std::string& limits) {
  config::configuration read = config::parse(given);
  const std::vector<config::cut> cuts = config::keep_within(limits, read);
  std::string under;
  for (config::explained& each : config::explain(given)) {
    const auto is_cut = [&](const config::cut& one) {
      return one.annotation == each.annotation && one.field == each.field;
    };
    if (const auto at = std::find_if(cuts.begin(), cuts.end(), is_cut); at != cuts.end()) {
      each.value = at->value;
      each.from = "administrator's limit";
    }
    if (each.annotation != under) fmt::print("{}\n", printable(each.annotation, 128));
    under = each.annotation;
    fmt::print("  {:<34} {:<24} {}\n", each.field, printable(each.value, 256), each.from);
  }
  for (const config::hook_entry& each : read.hooks)
    fmt::print("hook {}: {}\n", each.name, printable(each.spec.target, 256));
  fmt::print("\nwhat a failure leads to\n");
  for (std::size_t i = 0; i < read.probes.size(); ++i) {
    fmt::print("  {}: {}\n", read.probes[i].name,
               config::consequence(read.rules.probes[i], read.probes[i], read.rules));
  }
  for (const mistake& each : read.found) fmt::print("mistake: {}\n", each.to_text());
}

/// What only the running sidecar knows: why nothing would be restarted now, and how long healthy checks take.
void print_now(const json& status) {
  fmt::print("\nnow\n  phase {}, mode {}\n", status.value("phase", ""), status.value("mode", ""));
  const json refusals = status.value("restartForbiddenBy", json::array());
  if (refusals.empty()) fmt::print("  nothing forbids a restart of all containers\n");
  for (const json& each : refusals) {
    fmt::print("  a restart of all containers is forbidden: {} ({})\n", each.value("message", ""),
               each.value("reason", ""));
  }
  for (const json& each : status.value("probes", json::array())) {
    const json passed = each.value("passedInSeconds", json::object());
    if (passed.empty()) continue;
    fmt::print("  probe {}: {} checks passed, half of them within {:.3g} s, 99 % within {:.3g} s",
               each.value("name", ""), passed.value("checks", 0), passed.value("p50", 0.0), passed.value("p99", 0.0));
    const double suggested = each.value("suggestedTimeoutSeconds", 0.0);
    fmt::print("{}\n", suggested > 0 ? fmt::format("; timeoutSeconds: {:g} would do", suggested) : "");
  }
}

int explain_file(const std::string& path, const std::string& limits) {
  const auto content = read_input(path);
  if (const auto* failed = std::get_if<unreadable>(&content)) {
    fmt::print(stderr, "podmedic: {}\n", failed->why);
    return 2;
  }
  int pods = 0;
  for (const manifest::document& each : manifest::documents_in(std::get<std::string>(content))) {
    if (!each.root) continue;
    for (const manifest::pod_template& of : manifest::pods_in(*each.root)) {
      const manifest::subject pod(of);
      if (!pod.is_ours()) continue;
      fmt::print("{}{} {}\n", pods++ == 0 ? "" : "\n", printable(of.kind, 128), printable(of.name, 128));
      print(pod.given, limits);
    }
  }
  if (pods > 0) return success;
  fmt::print(stderr, "podmedic: no Pod with podmedic in {}\n", path);
  return usage_error;
}

}  // namespace

int explain(const explain_options& options) {
  if (!options.file.empty()) return explain_file(options.file, options.limits);
  constexpr std::size_t most_bytes = 1024 * 1024;
  const auto content = read_file(options.podinfo_file, most_bytes);
  if (const auto* failed = std::get_if<file_error>(&content)) {
    fmt::print(stderr, "podmedic: {}; in a Pod that is podmedic's own container, elsewhere give -f pod.yaml\n",
               failed->message);
    return 2;
  }
  mistakes found;
  print(config::parse_annotation_file(std::get<std::string>(content), found), options.limits);
  const auto answer = ask_sidecar(options.state_directory, "GET", "/status");
  const auto* got = std::get_if<sidecar_answer>(&answer);
  const json status = got == nullptr ? json() : json::parse(got->body, nullptr, false);
  if (status.is_object()) {
    print_now(status);
  } else {
    fmt::print(stderr, "podmedic: {}\n", got == nullptr ? std::get<std::string>(answer) : "no status");
  }
  return success;
}

}  // namespace podmedic::commands
