#pragma once
#include "supervisor/simulation/plan.hpp"

namespace podmedic::simulation {

/// How soon a fleet could heal that knows everything: what is ill is found in failureThreshold periods and a last
/// check, `slots` replicas at a time are restarted and warm up, and nothing is waited for but the cool-down between
/// them. From the plan alone: no code of the policy or of the virtual world is asked.
milliseconds optimum(const plan& of, int faulted, int slots, milliseconds cool_down);

}  // namespace podmedic::simulation
