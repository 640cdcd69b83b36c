#pragma once
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace podmedic::probes {

/// What /proc/PID/stat, or /proc/PID/task/TID/stat, tells of work done (proc(5)).
struct task_stat {
  char state = '?';
  std::int64_t faults = 0;   ///< page faults without a read, field 10
  milliseconds cpu{0};       ///< utime and stime, fields 14 and 15; as exact as a tick, 10 ms
  milliseconds kernel{0};    ///< stime alone
  std::int64_t threads = 0;  ///< field 20
};
/// Nothing where the text is not of that form.
std::optional<task_stat> parse_task_stat(std::string_view text);

/// The number behind `name:` in a file of such lines, as /proc/PID/status and /proc/PID/io.
std::optional<std::int64_t> number_in_lines(std::string_view text, std::string_view name);

/// The soft limit of open files in /proc/PID/limits; nothing where it is unlimited.
std::optional<std::int64_t> open_files_limit_in(std::string_view text);

}  // namespace podmedic::probes
