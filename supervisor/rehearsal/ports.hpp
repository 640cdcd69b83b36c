#pragma once
#include "supervisor/rehearsal/pod_manifest.hpp"

#include <string>
#include <vector>

namespace podmedic::rehearsal {

/// A line for each port of the Pod (containerPort, and what its probes dial) on which something listens already.
std::vector<std::string> ports_in_use(const pod_manifest& pod);

}  // namespace podmedic::rehearsal
