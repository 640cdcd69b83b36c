#pragma once
#include "supervisor/policy/rules.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace podmedic::config {

/// Windows of the week in UTC: days ("Mon-Fri", "Sat,Sun", "Fri-Mon", "*") and times ("02:00-05:00"), from each of the
/// days one window. An end before the begin lies on the next day; "00:00-24:00" is the whole day. The string is what is
/// wrong.
std::variant<std::vector<policy::window>, std::string> read_windows(std::string_view text);

/// A window without a minute in it: an empty list would mean always, and windows that could not be read mean never. It
/// begins where the week ends, and ends where the week begins.
inline constexpr policy::window never{7 * 24 * 60, 0};

}  // namespace podmedic::config
