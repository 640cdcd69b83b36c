// Judges all traces of a directory: prints a table, and writes an array of {trace, kind, source, liveness_default,
// liveness_1s3, podmedic: {decision, scope, at_s, bound_s}}. Exit code 1 where one is not judged as its trace expects,
// or where the pages that show the summary and the tables show other ones.
#include "liveness.hpp"
#include "replay.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>

namespace podmedic::judgement {
namespace {

using nlohmann::json;

struct judged {
  trace of;
  std::optional<milliseconds> by_default;  ///< a liveness probe at Kubernetes' defaults
  std::optional<milliseconds> by_1s3;
  decision made;
  bool good = false;
};

judged judge(const std::filesystem::path& file) {
  judged one;
  one.of = read_trace(file);
  one.by_default = kills_at(simulation::kubernetes_default, one.of);
  one.by_1s3 = kills_at(simulation::every_second, one.of);
  try {
    one.made = replay(one.of);
  } catch (const std::exception& e) {
    throw std::runtime_error(file.filename().string() + ": " + e.what());
  }
  one.good = as_expected(one.of, one.made);
  return one;
}

double since_fault(const trace& of, milliseconds at) {
  return static_cast<double>((at - of.fault).count()) / 1000;
}

std::string liveness_text(const trace& of, const std::optional<milliseconds>& at) {
  return at ? fmt::format("restart, {:.0f} s", since_fault(of, *at)) : "-";
}

std::string decision_text(const trace& of, const decision& made) {
  if (made.what == "None") return of.expected.diagnosis.empty() ? "-" : "none: " + of.expected.diagnosis;
  const std::string what = made.what == "RestartContainer" ? "restart " + made.scope : "restart all";
  return fmt::format("{}, {:.0f} s", what, since_fault(of, *made.at));
}

std::string bound_text(const trace& of) {
  if (!of.failure) return "never";
  return fmt::format("{:.0f} s", static_cast<double>(of.expected.bound.count()) / 1000);
}

json liveness_json(const trace& of, const std::optional<milliseconds>& at) {
  if (!at) return {{"decision", "None"}};
  return {{"decision", "RestartContainer"}, {"at_s", since_fault(of, *at)}};
}

json to_json(const judged& one) {
  json podmedic = {
      {"decision", one.made.what},
      {"scope", one.made.scope.empty() ? json() : json(one.made.scope)},
      {"at_s", one.made.at ? json(since_fault(one.of, *one.made.at)) : json()},
      {"bound_s", one.of.failure ? json(static_cast<double>(one.of.expected.bound.count()) / 1000) : json()}};
  return {{"trace", one.of.name},
          {"kind", one.of.failure ? "failure" : "busy"},
          {"source", one.of.source},
          {"liveness_default", liveness_json(one.of, one.by_default)},
          {"liveness_1s3", liveness_json(one.of, one.by_1s3)},
          {"podmedic", podmedic}};
}

/// In Markdown, as README.md and docs/judgement.md show it.
std::string table(const std::vector<judged>& all, bool failures) {
  std::string text = failures ? "| soft failure | liveness, default | liveness, 1 s x 3 | podmedic | bound |\n"
                              : "| busy, and healthy | liveness, default | liveness, 1 s x 3 | podmedic | bound |\n";
  text += "|---|---|---|---|---|\n";
  for (const judged& one : all) {
    if (one.of.failure != failures) continue;
    text += fmt::format("| [{}]({}){} | {} | {} | {}{} | {} |\n", one.of.name, one.of.source,
                        one.of.recorded.empty() ? "" : " \u00b7", liveness_text(one.of, one.by_default),
                        liveness_text(one.of, one.by_1s3), decision_text(one.of, one.made),
                        one.good ? "" : " **wrong**", bound_text(one.of));
  }
  return text;
}

struct tally {
  long failures = 0;
  long found = 0;
  long busy = 0;
  long left_alone = 0;
  long recorded = 0;
};

tally count(const std::vector<judged>& all) {
  tally sum;
  for (const judged& one : all) {
    ++(one.of.failure ? sum.failures : sum.busy);
    if (one.good) ++(one.of.failure ? sum.found : sum.left_alone);
    if (!one.of.recorded.empty()) ++sum.recorded;
  }
  return sum;
}

std::string summary(const std::vector<judged>& all, const tally& sum) {
  const auto killed = [&](std::optional<milliseconds> judged::* by, bool failure) {
    return std::count_if(all.begin(), all.end(), [&](const judged& one) {
      return one.of.failure == failure && one.*by && (!failure || *(one.*by) >= one.of.fault);
    });
  };
  std::string text = "| | liveness, default | liveness, 1 s x 3 | podmedic |\n|---|---|---|---|\n";
  text += fmt::format("| of {} soft failures, seen | {} | {} | {}, within their bounds |\n", sum.failures,
                      killed(&judged::by_default, true), killed(&judged::by_1s3, true), sum.found);
  text += fmt::format("| of {} busy Pods, restarted | {} | {} | {} |\n", sum.busy, killed(&judged::by_default, false),
                      killed(&judged::by_1s3, false), sum.busy - sum.left_alone);
  return text;
}

/// What stands between the two marks of a page, in place of what stood there. Nothing where the marks are missing.
std::optional<std::string> with_block(const std::string& page, const std::string& block) {
  constexpr std::string_view begin = "<!-- judgement -->\n";
  constexpr std::string_view end = "<!-- /judgement -->";
  const std::size_t from = page.find(begin);
  const std::size_t to = page.find(end);
  if (from == std::string::npos || to == std::string::npos || to < from) return std::nullopt;
  return page.substr(0, from + begin.size()) + block + page.substr(to);
}

bool shows(const std::filesystem::path& file, const std::string& block, bool update) {
  std::ifstream stream(file);
  const std::string page{std::istreambuf_iterator<char>(stream), {}};
  const auto wanted = with_block(page, block);
  if (wanted && *wanted == page) return true;
  if (wanted && update) {
    std::ofstream(file) << *wanted;
    return true;
  }
  fmt::print(stderr, "judgement: {} does not show this table: `make judgement` mends that\n", file.string());
  return false;
}

int run(const std::filesystem::path& traces, const std::filesystem::path& output,
        const std::filesystem::path& summary_page, const std::filesystem::path& tables_page, bool update) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(traces)) {
    if (entry.path().extension() == ".trace") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<judged> all;
  for (const auto& file : files) all.push_back(judge(file));

  fmt::print("{}\n{}\n", table(all, true), table(all, false));
  json results = json::array();
  for (const judged& one : all) results.push_back(to_json(one));
  std::ofstream(output) << results.dump(2) << "\n";

  const tally sum = count(all);
  fmt::print(
      "{} of {} soft failures judged in bound, {} of {} busy Pods left alone; {} of {} traces recorded from real "
      "processes (\u00b7)\n{}\n",
      sum.found, sum.failures, sum.left_alone, sum.busy, sum.recorded, all.size(), output.string());
  for (const judged& one : all) {
    if (one.good) continue;
    std::string told;
    for (const auto& [at, reason] : one.made.told) told += fmt::format(" {}@{:.1f}", reason, since_fault(one.of, at));
    fmt::print(stderr, "judgement: {}: expected {} {} {} within {:.1f} s of the fault; told:{}\n", one.of.name,
               one.of.expected.decision, one.of.expected.scope, one.of.expected.diagnosis,
               static_cast<double>(one.of.expected.bound.count()) / 1000, told);
  }
  const std::string tables = fmt::format("All {} traces; {} are recorded from real processes (\u00b7).\n\n{}\n{}",
                                         all.size(), sum.recorded, table(all, true), table(all, false));
  const std::string in_short = fmt::format(
      "{}\n{} of the {} traces are recorded from real processes; [docs/judgement.md](docs/judgement.md) has each, with "
      "its "
      "source.\n",
      summary(all, sum), sum.recorded, all.size());
  const bool summary_shown = shows(summary_page, in_short, update);
  const bool shown = shows(tables_page, tables, update) && summary_shown;
  return shown && sum.found == sum.failures && sum.left_alone == sum.busy ? 0 : 1;
}

}  // namespace
}  // namespace podmedic::judgement

int main(int argument_count, char** arguments) {
  const bool update = argument_count == 6 && std::string_view(arguments[5]) == "--update";
  if (argument_count != 5 && !update) {
    std::fputs("usage: judgement TRACES_DIRECTORY OUTPUT.json SUMMARY.md TABLES.md [--update]\n", stderr);
    return 2;
  }
  try {
    return podmedic::judgement::run(arguments[1], arguments[2], arguments[3], arguments[4], update);
  } catch (const std::exception& error) {
    fmt::print(stderr, "judgement: {}\n", error.what());
    return 2;
  }
}
