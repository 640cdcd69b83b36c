#include "supervisor/policy/pod_state.hpp"

#include <algorithm>
#include <utility>

namespace podmedic::policy {

void pod_state::tell(severity level, std::string reason, std::string message, bool publish) {
  act(action::notice{level, std::move(reason), std::move(message), publish});
}

void pod_state::cancel_drain(bool with_hooks) {
  undo.running = undo.running || with_hooks;
  act(action::cancel_drain{with_hooks});
}

void pod_state::try_ledger() {
  if (!std::exchange(ledger_asked, true)) act(action::try_ledger{});
}

const threshold* pod_state::standing_of(const std::string& probe) const {
  const auto found = thresholds.find(probe);
  return found == thresholds.end() ? nullptr : &found->second;
}

bool pod_state::enforces() const {
  return use.in_mode == mode::enforce && !(use.paused_until && wall < *use.paused_until) && !facts.safe_mode;
}

bool pod_state::all_judged(bool (*holds)(const threshold&)) const {
  return std::all_of(use.probes.begin(), use.probes.end(), [&](const probe_rules& p) {
    return p.on_failure == remedy::observe || holds(thresholds.at(p.name));
  });
}

}  // namespace podmedic::policy
