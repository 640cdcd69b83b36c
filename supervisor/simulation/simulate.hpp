#pragma once
#include "supervisor/simulation/fleet.hpp"
#include "supervisor/simulation/report.hpp"

namespace podmedic::simulation {

struct outcome {
  result figures;
  std::vector<broken_promise> broken;
};

/// Runs the plan under podmedic, under a liveness probe and under a naive sidecar, one after the other. `meddle` makes
/// podmedic a wrong one, for tests.
outcome simulate(const plan& what, const meddling& meddle = {});

}  // namespace podmedic::simulation
