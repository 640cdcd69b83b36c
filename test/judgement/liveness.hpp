#pragma once
#include "supervisor/simulation/liveness.hpp"
#include "trace.hpp"

namespace podmedic::judgement {

using simulation::liveness_probe;

/// When it has the container killed, in the time of the trace; none: never before its end. The first check is at 0.
std::optional<milliseconds> kills_at(const liveness_probe& probe, const trace& of);

}  // namespace podmedic::judgement
