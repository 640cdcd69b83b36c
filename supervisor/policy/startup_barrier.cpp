#include "supervisor/policy/startup_barrier.hpp"

#include <algorithm>

namespace podmedic::policy {

startup_barrier::state startup_barrier::look(const startup_sight& sight, instant now) {
  if (state_ != state::holding) return state_;
  waits_for_ = sight.unmet;
  for (const std::string& stray : sight.strays) waits_for_ += (waits_for_.empty() ? "" : "; ") + stray;
  if (!from_.wanted || from_.maximum.count() <= 0 || (sight.sees_processes && sight.others_run)) {
    return state_ = state::not_held;
  }
  if (waits_for_.empty()) return state_ = state::passed;
  if (!sight.sees_processes) return state_ = state::blind;
  if (!from_.began || *from_.began > now) return state_ = state::not_remembered;
  if (now >= *until()) state_ = state::timed_out;
  return state_;
}

void startup_barrier::limit(instant life, milliseconds allowance) {
  limit_ = life + allowance;
}

std::optional<instant> startup_barrier::until() const {
  if (!from_.began) return std::nullopt;
  const instant maximum = *from_.began + from_.maximum;
  return limit_ ? std::min(maximum, *limit_) : maximum;
}

milliseconds startup_allowance(milliseconds initial_delay, milliseconds period, int failure_threshold) {
  // Probes come at the delay and every period after it; the last one that may fail is the one before the threshold's.
  constexpr int in_reserve = 2;
  if (failure_threshold < in_reserve) return milliseconds(0);
  return initial_delay + period * (failure_threshold - in_reserve);
}

}  // namespace podmedic::policy
