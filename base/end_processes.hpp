#pragma once
#include "base/process_table.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace podmedic {

/// The processes of one container's life that are alive now: no zombies, and none of another's.
using living_processes = std::function<std::vector<process>()>;

struct ending_times {
  milliseconds grace;               ///< from SIGTERM to SIGKILL, at most
  milliseconds after_kill{10'000};  ///< that long a killed process may take to be gone
};

/// Ends a container's processes, as the kubelet does: SIGTERM to the main process; when that has ended, or after the
/// grace, SIGKILL to all that are left, until none is. A stopped main process gets SIGCONT too, so that it can heed the
/// SIGTERM (as systemd.kill(5) does). Each signal reaches the process that was seen and no other (signal_process).
///
/// Text: a process is still there, and why: it cannot be killed (state D), or podmedic may not.
boost::asio::awaitable<std::optional<std::string>> end_processes(process main, living_processes look,
                                                                 ending_times times);

/// Why this process may not be signalled, and what to do; nothing where it may, or is gone.
std::optional<std::string> why_not_signal(const process& one);

}  // namespace podmedic
