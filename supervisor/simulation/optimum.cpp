#include "supervisor/simulation/optimum.hpp"

#include <algorithm>

namespace podmedic::simulation {

milliseconds optimum(const plan& of, int faulted, int slots, milliseconds cool_down) {
  if (faulted == 0) return milliseconds(0);
  const milliseconds detection = of.rules.probes.front().failure_threshold * of.period + of.timeout;
  const int turns = (faulted + std::max(1, slots) - 1) / std::max(1, slots);
  return detection + turns * (of.restart_takes + of.warm_up + cool_down);
}

}  // namespace podmedic::simulation
