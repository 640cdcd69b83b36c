#include "supervisor/rehearsal/restart_semantics.hpp"

#include <algorithm>

namespace podmedic::rehearsal {

using namespace std::chrono_literals;

instant crash_back_off::ended(instant at) {
  constexpr milliseconds first = 10s;
  constexpr milliseconds longest = 300s;
  if (last_ && at - *last_ > 2 * longest) wait_ = 0ms;
  last_ = at;
  const instant restart = at + wait_;
  wait_ = wait_ == 0ms ? first : std::min(2 * wait_, longest);
  return restart;
}

after_end after(const container_manifest& container, int exit_code, bool killed_by_liveness) {
  if (!killed_by_liveness) {
    for (const restart_rule& rule : container.rules) {
      if (!rule.matches(exit_code)) continue;
      return rule.then == restart_rule::action::restart ? after_end::restart : after_end::restart_all_containers;
    }
  }
  const bool restarts = container.restarts == restart_policy::always ||
                        (container.restarts == restart_policy::on_failure && exit_code != 0);
  return restarts ? after_end::restart : after_end::stay_ended;
}

next_starts what_to_start(const std::vector<container_manifest>& containers, const std::vector<container_state>& states,
                          bool initialized, instant now) {
  next_starts next;
  next.initialized = initialized;
  bool held_back = false;
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const container_state& state = states[i];
    const role as = containers[i].as;
    if (held_back && !initialized) return next;
    if (as == role::regular) next.initialized = true;
    const bool completed = as == role::init && state.in == container_state::phase::ended && state.exit_code == 0;
    if (as == role::init && initialized) continue;
    const bool is_due = state.in == container_state::phase::waiting ||
                        (state.in == container_state::phase::ended && state.restarts && !completed);
    if (is_due && state.not_before <= now) {
      next.now.push_back(i);
    } else if (is_due) {
      next.wake = std::min(next.wake.value_or(state.not_before), state.not_before);
    }
    held_back = (as == role::init && !completed) || (as == role::sidecar && !state.started);
  }
  return next;
}

bool pod_ready(const std::vector<container_manifest>& containers, const std::vector<container_state>& states) {
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const bool completed = states[i].in == container_state::phase::ended && states[i].exit_code == 0;
    if (containers[i].as == role::init ? !completed : !states[i].ready) return false;
  }
  return true;
}

}  // namespace podmedic::rehearsal
