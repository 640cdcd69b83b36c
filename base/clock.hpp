#pragma once
#include "base/time.hpp"

#include <string>

namespace podmedic {

/// CLOCK_BOOTTIME now.
instant boot_now();
/// CLOCK_REALTIME now.
wall_time wall_now();
/// /proc/sys/kernel/random/boot_id: tells one boot of the node from the next. Empty where it cannot be read.
std::string boot_id();
/// RFC 3339 in UTC with milliseconds, as in "2026-01-31T08:30:00.250Z".
std::string to_rfc3339(wall_time time);
/// "1.7 s", "250 ms", "2 min 5 s": for people.
std::string to_text(milliseconds duration);

}  // namespace podmedic
