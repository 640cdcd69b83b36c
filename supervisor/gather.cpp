// What is kept of the Pod before a restart. See supervisor.hpp.
#include "base/clock.hpp"
#include "supervisor/running_probe.hpp"
#include "supervisor/snapshot.hpp"
#include "supervisor/supervisor.hpp"

#include <unistd.h>

#include <algorithm>

namespace podmedic {

void supervisor::gather(const std::string& scope) {
  const auto& scopes = medic_->scopes();
  const auto of =
      std::find_if(scopes.begin(), scopes.end(), [&](const policy::lifecycle& each) { return each.scope() == scope; });
  diagnostics::subject about{.at = wall_now(), .scope = scope, .probe = {}, .reason = {}, .message = {}};
  if (of != scopes.end() && of->current_cause()) {
    about.probe = of->current_cause()->probe;
    about.reason = of->current_cause()->why.reason;
    about.message = of->current_cause()->why.message;
  }
  about.first_of_chain = policy::unrecovered(medic_->book()) == 0;
  say_unkept(diagnostics_.begin(about));
  say_unkept(diagnostics_.keep("status.json", status_text()));
  say_unkept(diagnostics_.keep("snapshot.txt", snapshot_text(scope)));
}

/// Of one container, or of all of the Pod.
std::string supervisor::snapshot_text(const std::string& scope) const {
  const auto& names_by_id = containers_.names_by_id();
  std::vector<container_processes> seen = processes_.containers(names_by_id);
  for (container_processes& group : seen) {  // its own name may have come to nobody's ears yet
    const auto is_own = [](const process& one) { return one.pid == ::getpid(); };
    if (std::any_of(group.members.begin(), group.members.end(), is_own)) group.name = options_.container;
  }
  const bool of_node = processes_.sees_the_node();
  std::erase_if(seen, [&](const container_processes& group) {
    if (of_node && !names_by_id.contains(group.id)) return true;  // another Pod's
    return scope != policy::lifecycle::pod_scope && group.name != scope;
  });
  return snapshot::to_text(snapshot::look(seen));
}

drain::on_output supervisor::keep_output() {
  return [this](const std::string& hook, std::string output) {
    say_unkept(diagnostics_.keep("hook-" + hook + ".txt", std::move(output)));
  };
}

void supervisor::say_unkept(const std::optional<std::string>& error) {
  if (!error) return;
  announcer_.tell_once({policy::severity::warning, "DiagnosticsNotKept", *error + "; the restart goes on without"},
                       wall_now());
}

}  // namespace podmedic
