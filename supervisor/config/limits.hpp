#pragma once
#include "supervisor/config/configuration.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace podmedic::config {

/// The variable, and for `podmedic run` the option --limits, with what an administrator lets annotations ask for.
inline constexpr const char* limits_variable = "PODMEDIC_LIMITS";

/// A value that holds in the place of the annotation's.
struct cut {
  std::string annotation;
  std::string field;
  std::string value;
};

/// Takes back to the limits what asks for more. They are YAML: `mode`, `escalation` and `fallback` (the highest that
/// may be), `budget` (the most restarts, the shortest window), `backoff` (the shortest), `actions` (a list of what
/// onFailure may be; every other becomes Observe). A field that is not there limits nothing, an empty text has none.
/// What an annotation asked for and does not get is a mistake of that annotation. Limits with a mistake mean Observe.
std::vector<cut> keep_within(std::string_view limits, configuration& asked);

/// parse(), within the limits.
configuration parse_within(std::string_view limits, const annotations& given);

}  // namespace podmedic::config
