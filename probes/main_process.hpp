#pragma once
#include "probes/probe.hpp"

#include <string>

namespace podmedic::probes {

/// What tells one main process from the next ("4711@83000": its pid and when it started).
std::string identity_of(const process& main);

/// That of the probe's container; empty where podmedic cannot see it.
std::string main_process(const surroundings& around);

}  // namespace podmedic::probes
