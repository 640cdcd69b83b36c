// status --diagnostics: what was kept before restarts, read from the state volume; works where podmedic run does not.
#include "supervisor/diagnostics.hpp"
#include "supervisor/commands/commands.hpp"
#include "supervisor/policy/lifecycle.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace podmedic::commands {
namespace {

std::string title_of(const diagnostics::kept& of) {
  std::string title = of.number == 0 ? "called off" : fmt::format("{}", of.number);
  title += "  " + (of.at.empty() ? "(time not known)" : of.at);
  if (!of.about.scope.empty()) {
    title += of.about.scope == policy::lifecycle::pod_scope ? "  all containers" : "  container " + of.about.scope;
  }
  if (!of.about.probe.empty()) title += ", probe " + of.about.probe;
  title += ", " + of.about.reason;
  if (!of.about.message.empty()) title += ": " + of.about.message;
  return printable(title);
}

void print_list(const std::vector<diagnostics::kept>& all) {
  if (all.empty()) fmt::print("none are kept: podmedic has restarted nothing in this Pod, or could not keep them\n");
  for (const diagnostics::kept& of : all) {
    fmt::print("{}\n", title_of(of));
    for (const diagnostics::file& file : of.files) fmt::print("  {:>9}  {}\n", file.bytes, printable(file.name));
  }
}

int print_file(const diagnostics& from, const diagnostics::kept& of, const std::string& name, bool raw) {
  const auto content = from.read(of, name);
  if (const auto* error = std::get_if<file_error>(&content)) {
    fmt::print(stderr, "podmedic: {}\n", printable(error->message));
    return usage_error;
  }
  const auto& text = std::get<std::string>(content);
  fmt::print("{}", raw ? text : printable(text));
  return success;
}

int print_all(const diagnostics& from, const diagnostics::kept& of) {
  fmt::print("{}\n", title_of(of));
  int worst = success;
  for (const diagnostics::file& file : of.files) {
    fmt::print("\n=== {}\n", printable(file.name));
    worst = std::max(worst, print_file(from, of, file.name, false));
  }
  return worst;
}

}  // namespace

int show_diagnostics(const diagnostics_options& asked) {
  const diagnostics from(asked.state_directory);
  const std::vector<diagnostics::kept> all = from.list();
  if (!asked.number && asked.file.empty()) {
    print_list(all);
    return success;
  }
  const auto of = std::find_if(all.rbegin(), all.rend(), [&](const diagnostics::kept& each) {
    return asked.number ? each.number == *asked.number : each.number != 0;
  });
  if (of == all.rend()) {
    fmt::print(stderr, "podmedic: no such diagnostics are kept; `podmedic status --diagnostics` lists them\n");
    return usage_error;
  }
  return asked.file.empty() ? print_all(from, *of) : print_file(from, *of, asked.file, asked.raw);
}

}  // namespace podmedic::commands
