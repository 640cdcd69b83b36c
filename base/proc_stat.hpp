#pragma once
#include "base/time.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace podmedic {

/// What podmedic needs of /proc/PID/stat (proc(5)).
struct proc_stat {
  char state = '?';     ///< field 3
  pid_t parent = 0;     ///< field 4; 0: the parent is outside the PID namespace
  instant started{};    ///< field 22, clock ticks since the boot (CLOCK_BOOTTIME); as exact as a tick, 10 ms
  std::string command;  ///< field 2, without its parentheses
};

/// Nothing where the text is not of that form.
std::optional<proc_stat> parse_proc_stat(std::string_view text);
/// Nothing where there is no such process (any more).
std::optional<proc_stat> read_proc_stat(pid_t pid, const std::string& proc_root = "/proc");

/// A thread of that process in uninterruptible sleep (state D), which no signal ends.
std::optional<pid_t> uninterruptible_thread(pid_t pid, const std::string& proc_root = "/proc");

}  // namespace podmedic
