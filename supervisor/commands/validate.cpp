#include "supervisor/manifest/validate.hpp"

#include "base/scalars.hpp"
#include "supervisor/commands/commands.hpp"
#include "supervisor/commands/input.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace podmedic::commands {
namespace {

using manifest::finding;
using manifest::severity;
using nlohmann::ordered_json;

constexpr int could_not_read = 2;

const char* word_of(severity is) {
  switch (is) {
    case severity::note: return "note";
    case severity::warning: return "warning";
    case severity::error: return "error";
  }
  return "";
}

/// As compilers do it, so that editors find the place.
void print(const std::string& file, const finding& each) {
  fmt::print("{}:{}:{}: {}: {} [{}]\n", file, each.line, each.column, word_of(each.is), printable(each.message, 1024),
             each.check);
  if (!each.fix.empty()) fmt::print("    fix: {}\n", printable(each.fix, 1024));
}

ordered_json to_json(const std::string& file, const finding& each) {
  return {{"file", file},        {"line", each.line},       {"column", each.column}, {"severity", word_of(each.is)},
          {"check", each.check}, {"message", each.message}, {"fix", each.fix}};
}

}  // namespace

int validate(const validate_options& options) {
  bool all_read = true;
  int pods = 0;
  int counts[3] = {};
  ordered_json report = ordered_json::array();
  for (const std::string& file : options.files) {
    const auto content = read_input(file);
    if (const auto* failed = std::get_if<unreadable>(&content)) {
      fmt::print(stderr, "podmedic: {}\n", failed->why);
      all_read = false;
      continue;
    }
    const manifest::verdict verdict = manifest::validate(std::get<std::string>(content));
    pods += verdict.pods;
    for (const finding& each : verdict.found) {
      ++counts[static_cast<int>(each.is)];
      if (options.as_json) {
        report.push_back(to_json(file, each));
      } else {
        print(file, each);
      }
    }
  }
  const auto [notes, warnings, errors] = counts;
  if (options.as_json) {
    const ordered_json whole{
        {"pods", pods}, {"errors", errors}, {"warnings", warnings}, {"notes", notes}, {"findings", report}};
    fmt::print("{}\n", whole.dump(2, ' ', false, ordered_json::error_handler_t::replace));
  } else {
    fmt::print(stderr, "podmedic: {} with podmedic: {} errors, {} warnings, {} notes\n",
               pods == 1 ? "1 Pod" : fmt::format("{} Pods", pods), errors, warnings, notes);
  }
  if (!all_read) return could_not_read;
  return errors > 0 || (options.strict && warnings > 0) ? 1 : success;
}

}  // namespace podmedic::commands
