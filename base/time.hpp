#pragma once
#include <chrono>

namespace podmedic {

using milliseconds = std::chrono::milliseconds;

/// The node's CLOCK_BOOTTIME (clock_gettime(2)): starts at the boot, counts through suspend, never jumps, and is the
/// same for every container of a Pod and for every life of podmedic until the node reboots.
struct boot_clock {
  using duration = milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<boot_clock>;
  static constexpr bool is_steady = true;
};

/// When something happened, for every decision. Policy gets it as an argument and never reads a clock.
using instant = boot_clock::time_point;

/// When something happened, for people to read. No decision rests on it: it may jump.
using wall_time = std::chrono::sys_time<milliseconds>;

}  // namespace podmedic
