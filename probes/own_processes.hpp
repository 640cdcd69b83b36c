#pragma once
#include "base/process_table.hpp"

#include <string>
#include <vector>

namespace podmedic::probes {

/// A container's processes without those that came in from outside, and what they started: kubectl exec, the kubelet's
/// exec probes. In a shared PID namespace these have no parent, as the main process has none. Oldest first; zombies
/// too. The pointers are good as long as `container` is.
std::vector<const process*> own_processes(const container_processes& container);

/// Why podmedic may not look into a process, and what to do; for the diagnosis of an Unknown. `what` was tried, as in
/// "read /proc/17/fd".
std::string missing_right(const std::string& what, const process& of, int error);

}  // namespace podmedic::probes
