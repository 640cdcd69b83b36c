#include "supervisor/simulation/liveness.hpp"

#include <algorithm>

namespace podmedic::simulation {

std::optional<milliseconds> liveness_worker::check(milliseconds answers_after, bool well) {
  const bool late = answers_after > probe_.timeout;
  const milliseconds ends = begins_ + (late ? probe_.timeout : answers_after);
  failures_ = late || !well ? failures_ + 1 : 0;
  if (failures_ >= probe_.failure_threshold) return ends;
  // The worker's ticker: a check that takes longer than the period swallows ticks.
  do begins_ += probe_.period;
  while (begins_ < ends);
  return std::nullopt;
}

}  // namespace podmedic::simulation
