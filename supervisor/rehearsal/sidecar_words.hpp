#pragma once
#include <optional>
#include <string>
#include <string_view>

/// What podmedic in the rehearsed Pod says: its JSON log lines, and the answer of `podmedic status --json`.
namespace podmedic::rehearsal {

struct told {
  std::string reason;  ///< CamelCase
  std::string message;
  bool warning = false;
};
/// A log line that tells something with a reason; nothing for every other line.
std::optional<told> read_log_line(std::string_view line);

/// Why the sidecar does not yet judge the Pod as healthy (a probe has not passed, a restart is under way); empty where
/// it does.
std::string complaint_in(std::string_view status_json);

}  // namespace podmedic::rehearsal
