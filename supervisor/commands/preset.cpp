#include "supervisor/commands/commands.hpp"
#include "supervisor/config/presets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace podmedic::commands {
namespace {

/// As a block that can be put under a Pod's `annotations:`.
void print(const config::annotations& all) {
  for (const auto& [key, value] : all) {
    fmt::print("{}: |\n", key);
    for (std::size_t at = 0; at < value.size();) {
      const std::size_t end = std::min(value.find('\n', at), value.size());
      fmt::print("  {}\n", std::string_view(value).substr(at, end - at));
      at = end + 1;
    }
  }
}

}  // namespace

int preset(const std::string& which) {
  if (which.empty()) {
    for (const config::preset& each : config::presets()) fmt::print("{}\n", each.name);
    return success;
  }
  mistakes found;
  const auto chosen = config::read_presets(which, found);
  for (const mistake& each : found) fmt::print(stderr, "podmedic: {}\n", each.to_text());
  if (!found.empty()) return usage_error;
  for (const config::chosen_preset& each : chosen) print(each.says);
  return success;
}

}  // namespace podmedic::commands
