#include "supervisor/config/explain.hpp"

#include "supervisor/config/annotation_names.hpp"
#include "supervisor/config/presets.hpp"
#include "supervisor/config/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace podmedic::config {
namespace {

std::string seconds_of(milliseconds duration) {
  return fmt::format("{:g}", std::chrono::duration<double>(duration).count());
}

struct policy_row {
  std::string_view field;
  std::string (*value)(const policy::rules&);
};
using policy::rules;
constexpr policy_row policy_rows[] = {
    {"backoff.baseSeconds", [](const rules& r) { return seconds_of(r.back_off.base); }},
    {"backoff.capSeconds", [](const rules& r) { return seconds_of(r.back_off.cap); }},
    {"budget.restarts", [](const rules& r) { return std::to_string(r.budget.restarts); }},
    {"budget.windowSeconds", [](const rules& r) { return seconds_of(r.budget.window); }},
    {"warmUp.maxSeconds", [](const rules& r) { return seconds_of(r.warm_up.maximum); }},
    {"warmUp.learn", [](const rules& r) { return std::string(r.warm_up.learn ? "true" : "false"); }},
    {"drain.timeoutSeconds", [](const rules& r) { return seconds_of(r.drain.timeout); }},
    {"drain.settleSeconds", [](const rules& r) { return seconds_of(r.drain.settle); }},
    {"drain.inFlight.ports",
     [](const rules& r) { return fmt::format("[{}]", fmt::join(r.drain.in_flight_ports, ", ")); }},
    {"gracefulStop.timeoutSeconds", [](const rules& r) { return seconds_of(r.graceful_stop.timeout); }},
    {"gracefulStop.wedgedTimeoutSeconds", [](const rules& r) { return seconds_of(r.graceful_stop.wedged_timeout); }},
    {"success.stableSeconds", [](const rules& r) { return seconds_of(r.success.stable); }},
    {"success.metrics", [](const rules& r) { return fmt::format("[{}]", fmt::join(r.success.metrics, ", ")); }},
    {"startupBarrier.maxSeconds", [](const rules& r) { return seconds_of(r.startup_maximum); }},
    {"fleet.maxUnavailable", [](const rules& r) { return std::to_string(r.fleet.max_unavailable); }},
    {"fleet.minAvailable", [](const rules& r) { return std::to_string(r.fleet.min_available); }},
    {"fleet.service",
     [](const rules& r) { return r.fleet.service.empty() ? "all that select the Pod" : r.fleet.service; }},
    {"fleet.workload", [](const rules& r) { return r.fleet.workload.empty() ? "the Pod's owner" : r.fleet.workload; }},
    {"fleet.coolDownSeconds", [](const rules& r) { return seconds_of(r.fleet.cool_down); }},
    {"escalation", [](const rules& r) { return word_of(r.escalate); }},
    {"fallback", [](const rules& r) { return word_of(r.without_support); }},
    {"hold", [](const rules& r) { return word_of(r.hold); }},
    {"windows",
     [](const rules& r) { return r.windows.empty() ? "always" : fmt::format("{} given", r.windows.size()); }},
    {"preconditions",
     [](const rules& r) { return r.preconditions.empty() ? "none" : fmt::format("{} given", r.preconditions.size()); }},
    {"onApiUnavailable", [](const rules& r) { return word_of(r.api_unavailable); }},
    {"shutdownGraceSeconds", [](const rules& r) { return seconds_of(r.closing_grace); }},
};

/// Whether the YAML has the field.
bool says(const std::string& yaml, std::string_view path) {
  mistakes none;
  fields at = fields::parse("", yaml, none);
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    std::optional<fields> inner = at.object(path.substr(0, dot));
    if (!inner) return false;
    at = std::move(*inner);
    path.remove_prefix(dot + 1);
  }
  return at.has(path);
}

/// Whose value it is: the Pod's own comes first, then those of its presets in their order.
class origins {
 public:
  explicit origins(const annotations& given, const configuration& read) : given_(given), read_(read) {
    mistakes none;
    if (const auto preset = given.find(std::string(annotation::preset)); preset != given.end()) {
      presets_ = read_presets(preset->second, none);
    }
  }

  std::string of(const std::string& annotation, std::string_view field) const {
    const bool wrong = std::any_of(read_.found.begin(), read_.found.end(), [&](const mistake& each) {
      return each.source == annotation && (each.line == 0 || lies_in(each.field, field));
    });
    const bool merges = annotation == annotation::policy;  // a probe is taken whole
    if (const auto own = given_.find(annotation); own != given_.end()) {
      if (field.empty() || says(own->second, field)) {
        return wrong ? "default; the annotation has a mistake there" : "annotation";
      }
      if (!merges) return "default";
    }
    for (const chosen_preset& each : presets_) {
      const auto said = each.says.find(annotation);
      if (said == each.says.end()) continue;
      if (field.empty() || says(said->second, field)) return "preset " + each.name;
      if (!merges) return "default";
    }
    return "default";
  }

 private:
  const annotations& given_;
  const configuration& read_;
  std::vector<chosen_preset> presets_;
};

void explain_probe(const policy::probe_rules& probe, const probe_entry& entry, const origins& from,
                   std::vector<explained>& into) {
  const std::string annotation = std::string(annotation::probe_prefix) + entry.name;
  const auto add = [&](std::string_view field, std::string value) {
    into.push_back({annotation, std::string(field), std::move(value), from.of(annotation, field)});
  };
  add(entry.kind, entry.spec.target);
  add("container", probe.container.empty() ? "the only other one" : probe.container);
  add("periodSeconds", seconds_of(entry.period));
  add("timeoutSeconds", seconds_of(entry.timeout));
  add("failureThreshold", std::to_string(probe.failure_threshold));
  add("successThreshold", std::to_string(probe.success_threshold));
  add("initialDelaySeconds", seconds_of(entry.initial_delay));
  add("onFailure", word_of(probe.on_failure));
  add("whileWaiting", word_of(probe.while_waiting));
}

}  // namespace

std::vector<explained> explain(const annotations& given) {
  const configuration read = parse(given);
  const origins from(given, read);
  std::vector<explained> all;
  const std::string mode(annotation::mode), policy(annotation::policy);
  all.push_back({mode, "", word_of(read.rules.in_mode), from.of(mode, "")});
  for (const policy_row& each : policy_rows) {
    all.push_back({policy, std::string(each.field), each.value(read.rules), from.of(policy, each.field)});
  }
  for (std::size_t i = 0; i < read.probes.size(); ++i) {
    explain_probe(read.rules.probes[i], read.probes[i], from, all);
  }
  return all;
}

std::string consequence(const policy::probe_rules& probe, const probe_entry& entry, const policy::rules& rules) {
  std::string text =
      fmt::format("{} in a row, {} s apart, and one more check",
                  probe.failure_threshold == 1 ? "1 failure" : fmt::format("{} failures", probe.failure_threshold),
                  seconds_of(entry.period));
  switch (probe.on_failure) {
    case policy::remedy::observe: return text + ": podmedic says so, and does nothing";
    case policy::remedy::drain: text += ": the Pod leaves traffic until it passes"; break;
    case policy::remedy::restart_container:
    case policy::remedy::restart_all_containers: {
      const bool all = probe.on_failure == policy::remedy::restart_all_containers;
      text += fmt::format(
          ": drained for at most {} s, then {}, at most {} times in {} s; after {} without recovery: {}",
          seconds_of(rules.drain.timeout),
          all ? "all containers are restarted" : "container " + probe.container + " is restarted",
          rules.budget.restarts, seconds_of(rules.budget.window), rules.unrecovered_limit, word_of(rules.escalate));
      break;
    }
  }
  return rules.in_mode == policy::mode::enforce ? text : text + ". In Observe it only says so";
}

}  // namespace podmedic::config
