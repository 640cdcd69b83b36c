#pragma once
#include "base/time.hpp"

#include <optional>
#include <string_view>

namespace podmedic::config {

/// A time of RFC 3339, section 5.6, as "2026-12-01T08:00:00Z" or "…T09:00:00.5+01:00"; finer than a millisecond is cut
/// off. Nothing where it is none, or a leap second, or no day of the calendar.
std::optional<wall_time> read_rfc3339(std::string_view text);

}  // namespace podmedic::config
