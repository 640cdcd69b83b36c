#include "supervisor/config/annotation_names.hpp"
#include "supervisor/config/configuration.hpp"
#include "supervisor/config/relaxing.hpp"

namespace podmedic::config {
namespace {

/// Both halves of a probe.
struct probe {
  policy::probe_rules rules;
  probe_entry entry;
};

// What may be edited in a running Pod. Every row is a way to do less, or later: the direction is that of relaxing.

void take_probe(relaxing<probe> edit) {
  edit.take("failureThreshold", may::rise, [](auto& of) -> auto& { return of.rules.failure_threshold; });
  edit.take("successThreshold", may::change, [](auto& of) -> auto& { return of.rules.success_threshold; });
  edit.take("periodSeconds", may::rise, [](auto& of) -> auto& { return of.entry.period; });
  edit.take("timeoutSeconds", may::rise, [](auto& of) -> auto& { return of.entry.timeout; });
  edit.take("initialDelaySeconds", may::rise, [](auto& of) -> auto& { return of.entry.initial_delay; });
  // From Unready to InService: it stays in traffic for longer.
  edit.take("whileWaiting", may::rise, [](auto& of) -> auto& { return of.rules.while_waiting; });
}

void take_policy(relaxing<policy::rules> edit) {
  edit.take("backoff.baseSeconds", may::rise, [](auto& of) -> auto& { return of.back_off.base; });
  edit.take("backoff.capSeconds", may::rise, [](auto& of) -> auto& { return of.back_off.cap; });
  edit.take("budget.restarts", may::fall, [](auto& of) -> auto& { return of.budget.restarts; });
  edit.take("budget.windowSeconds", may::rise, [](auto& of) -> auto& { return of.budget.window; });
  edit.take("warmUp.maxSeconds", may::rise, [](auto& of) -> auto& { return of.warm_up.maximum; });
  edit.take("warmUp.learn", may::fall, [](auto& of) -> auto& { return of.warm_up.learn; });
  edit.take("drain.timeoutSeconds", may::rise, [](auto& of) -> auto& { return of.drain.timeout; });
  edit.take("drain.settleSeconds", may::rise, [](auto& of) -> auto& { return of.drain.settle; });
  edit.take("drain.inFlight.ports", may::rise, [](auto& of) -> auto& { return of.drain.in_flight_ports; });
  edit.take("gracefulStop.timeoutSeconds", may::fall, [](auto& of) -> auto& { return of.graceful_stop.timeout; });
  edit.take("gracefulStop.wedgedTimeoutSeconds", may::fall,
            [](auto& of) -> auto& { return of.graceful_stop.wedged_timeout; });
  edit.take("success.stableSeconds", may::rise, [](auto& of) -> auto& { return of.success.stable; });
  edit.keep("success.metrics", [](auto& of) -> auto& { return of.success.metrics; });
  edit.take("shutdownGraceSeconds", may::rise, [](auto& of) -> auto& { return of.closing_grace; });
  edit.take("startupBarrier.maxSeconds", may::fall, [](auto& of) -> auto& { return of.startup_maximum; });
  // From Unready to InService, and from Proceed to Wait.
  edit.take("hold", may::fall, [](auto& of) -> auto& { return of.hold; });
  edit.take("onApiUnavailable", may::fall, [](auto& of) -> auto& { return of.api_unavailable; });
  edit.keep("fleet", [](auto& of) -> auto& { return of.fleet; });
  edit.keep("escalation", [](auto& of) -> auto& { return of.escalate; });
  edit.keep("fallback", [](auto& of) -> auto& { return of.without_support; });
  edit.keep("windows", [](auto& of) -> auto& { return of.windows; });
  edit.keep("preconditions", [](auto& of) -> auto& { return of.preconditions; });
}

std::optional<probe> find_probe(const configuration& in, std::string_view name) {
  for (std::size_t i = 0; i < in.probes.size(); ++i) {
    if (in.probes[i].name == name) return probe{in.rules.probes[i], in.probes[i]};
  }
  return std::nullopt;
}

bool has_mistake(const configuration& in, const std::string& annotation) {
  return is_doubtful(in.found, annotation, "");
}

/// The names of the probes of both, sorted.
std::vector<std::string> probe_names(const configuration& one, const configuration& other) {
  std::vector<std::string> names;
  for (const configuration* each : {&one, &other}) {
    for (const probe_entry& entry : each->probes) names.push_back(entry.name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

/// The edited probe as far as it may be taken; nothing where there is none any more, or must be none.
std::optional<probe> admit_probe(const std::string& name, const configuration& first, const configuration& current,
                                 const configuration& edited, mistakes& refused) {
  const std::string annotation = std::string(annotation::probe_prefix) + name;
  const std::optional<probe> at_first = find_probe(first, name);
  const std::optional<probe> in_use = find_probe(current, name);
  std::optional<probe> wanted = find_probe(edited, name);
  if (!wanted) return has_mistake(edited, annotation) ? in_use : std::nullopt;
  if (!at_first) {
    refused.push_back({annotation, 0, 0, "", "a probe cannot be added while the Pod lives; it needs a new Pod"});
    return std::nullopt;
  }
  if (edited.fixed.at(annotation) != first.fixed.at(annotation)) {
    refused.push_back({annotation, 0, 0, "",
                       "its target, container and onFailure are fixed while the Pod lives; the "
                       "change needs a new Pod"});
    return in_use;
  }
  take_probe({annotation, *at_first, in_use ? *in_use : *at_first, *wanted, edited.found, refused});
  wanted->entry.spec = at_first->entry.spec;
  return wanted;
}

/// Hooks are fixed whole. Names those that were to change.
void refuse_hooks(const configuration& first, const configuration& edited, mistakes& refused) {
  const auto is_hook = [](const auto& line) { return line.first.starts_with(annotation::hook_prefix); };
  const auto refuse = [&](const std::string& hook, std::string_view what) {
    refused.push_back({hook, 0, 0, "", std::string(what) + " while the Pod lives; that needs a new Pod"});
  };
  for (const auto& line : edited.fixed) {
    if (!is_hook(line)) continue;
    const auto at_first = first.fixed.find(line.first);
    if (at_first == first.fixed.end()) {
      refuse(line.first, "a hook cannot be added");
    } else if (at_first->second != line.second) {
      refuse(line.first, "a hook cannot be changed");
    }
  }
  for (const auto& line : first.fixed) {
    if (!is_hook(line) || edited.fixed.contains(line.first) || has_mistake(edited, line.first)) continue;
    refuse(line.first, "a hook cannot be removed");
  }
}

}  // namespace

admitted admit_live_edit(const configuration& first, const configuration& current, configuration edited) {
  mistakes refused;
  policy::rules rules = edited.rules;
  take_policy({std::string(annotation::policy), first.rules, current.rules, rules, edited.found, refused});
  // Each was relaxed by itself; together they must still make sense.
  rules.back_off.cap = std::max(rules.back_off.cap, rules.back_off.base);
  // A mistake in the mode has become Observe, and one in the pause a pause: both may always be taken.
  const mistakes of_no_mode;
  relaxing<policy::rules>(std::string(annotation::mode), first.rules, current.rules, rules, of_no_mode, refused)
      .take("", may::fall, [](auto& of) -> auto& { return of.in_mode; });

  rules.probes.clear();
  std::vector<probe_entry> probes;
  for (const std::string& name : probe_names(current, edited)) {
    std::optional<probe> taken = admit_probe(name, first, current, edited, refused);
    if (!taken) continue;
    rules.probes.push_back(std::move(taken->rules));
    probes.push_back(std::move(taken->entry));
  }
  refuse_hooks(first, edited, refused);
  if (edited.in_flight != first.in_flight && !is_doubtful(edited.found, annotation::policy, "drain.inFlight.metric")) {
    refused.push_back({std::string(annotation::policy), 0, 0, "drain.inFlight.metric",
                       "is fixed while the Pod lives; the change needs a new Pod"});
  }
  return {{std::move(rules), std::move(probes), current.hooks, first.in_flight, first.preconditions,
           first.success_metrics, first.preset, std::move(edited.found), first.fixed},
          std::move(refused)};
}

}  // namespace podmedic::config
