#pragma once
#include "base/fields.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace podmedic::config {

/// The names of the kinds that have code.
template <class Kind>
std::vector<std::string_view> usable_names(std::span<const Kind> kinds) {
  std::vector<std::string_view> names;
  for (const Kind& each : kinds) {
    if (each.read) names.push_back(each.name);
  }
  return names;
}

/// The one kind whose field stands in the mapping; null, with a mistake, where there is none or more than one.
template <class Kind>
const Kind* chosen_kind(fields& in, std::span<const Kind> kinds) {
  const Kind* chosen = nullptr;
  bool one = true;
  for (const Kind& each : kinds) {
    if (!in.has(each.name)) continue;
    if (chosen) {
      in.complain(each.name, "is a second kind beside " + std::string(chosen->name) + "; expected exactly one");
      one = false;
    }
    if (!chosen) chosen = &each;
  }
  if (!chosen) {
    std::string all;
    for (const std::string_view name : usable_names(kinds)) all += (all.empty() ? "" : ", ") + std::string(name);
    in.complain("", "names no kind; expected exactly one of " + all);
  }
  return one ? chosen : nullptr;
}

}  // namespace podmedic::config
