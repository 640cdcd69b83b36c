#include "supervisor/config/annotation_names.hpp"
#include "supervisor/config/kinds.hpp"
#include "supervisor/config/not_in_this_version.hpp"
#include "supervisor/config/parts.hpp"
#include "supervisor/config/words.hpp"

namespace podmedic::config {
namespace {

using namespace std::chrono_literals;

policy::remedy read_on_failure(fields& in, const probes::spec& spec, bool observes) {
  const bool may_act = spec.local && spec.only_observes.empty();
  const policy::remedy fallback =
      may_act && !observes ? policy::remedy::restart_all_containers : policy::remedy::observe;
  const policy::remedy remedy = read_word(in, "onFailure", fallback);
  if (!may_act && remedy != policy::remedy::observe) {
    in.complain("onFailure", spec.local ? "only Observe: " + spec.only_observes
                                        : "a target that is not this Pod may only Observe: a shared dependency must "
                                          "never restart a fleet");
  }
  if (remedy == policy::remedy::restart_container && !in.has("container")) {
    in.complain("onFailure", "RestartContainer needs `container`: the name of the container to restart");
  }
  return remedy;
}

/// Kubernetes' field of a livenessProbe: how long the container has from SIGTERM to SIGKILL.
std::optional<milliseconds> read_termination_grace(fields& in, policy::remedy remedy) {
  constexpr std::string_view name = "terminationGracePeriodSeconds";
  if (!in.has(name)) return std::nullopt;
  const milliseconds grace = in.seconds(name, 30s, 1s, 1h);
  if (remedy != policy::remedy::restart_container) in.complain(name, "is for onFailure: RestartContainer");
  return grace;
}

std::string read_container(fields& in) {
  std::string container = in.text("container", "");
  if (in.has("container") && !in.failed("container") && !is_dns_label(container)) {
    in.complain("container", "expected a container's name: lower-case letters, digits and '-', as in engine");
  }
  return container;
}

/// `root: Container`: the kind's paths are the container's.
bool read_root(fields& in, const probes::kind* kind) {
  static constexpr std::string_view roots[] = {"Container"};
  if (!in.has("root")) return false;
  in.word("root", 0, roots);
  if (in.failed("root")) return false;
  if (kind && kind->reads == probes::paths::none) {
    in.complain("root", "is for kinds that read files; " + std::string(kind->name) + " reads none");
  }
  return true;
}

/// Where the target is: read by its kind. With a mistake in it, there is no probe to make.
struct target {
  probes::spec spec;
  std::string canonical;
  probes::traffic while_waiting = probes::traffic::unready;
};
target read_target(fields& in, const probes::kind* kind, std::span<const probes::kind> kinds) {
  if (!kind) return {};
  if (!kind->read) {
    in.complain(kind->name, missing_kind_message(kind->name, usable_names(kinds)));
    return {};
  }
  std::optional<fields> own = in.object(kind->name);
  if (!own) return {};
  target found{kind->read(*own), "", kind->while_waiting};
  found.canonical = own->canonical();
  return found;
}

}  // namespace

void read_probe(const std::string& annotation, std::string_view value, std::span<const probes::kind> kinds,
                configuration& into) {
  const std::size_t before = into.found.size();
  fields in = fields::parse(annotation, value, into.found);
  probe_entry entry;
  entry.name = name_in(annotation, into.found);
  const probes::kind* kind = chosen_kind(in, kinds);
  target aimed = read_target(in, kind, kinds);
  entry.spec = std::move(aimed.spec);
  if (kind) entry.kind = kind->name;
  entry.period = in.seconds("periodSeconds", entry.period, 100ms, 24h);
  entry.timeout = in.seconds("timeoutSeconds", entry.timeout, 10ms, 1h);
  entry.initial_delay = in.seconds("initialDelaySeconds", entry.initial_delay, 0s, 24h);

  policy::probe_rules rules;
  rules.name = entry.name;
  rules.container = read_container(in);
  rules.failure_threshold = static_cast<int>(in.integer("failureThreshold", rules.failure_threshold, 1, 10'000));
  rules.success_threshold = static_cast<int>(in.integer("successThreshold", rules.success_threshold, 1, 10'000));
  rules.on_failure = read_on_failure(in, entry.spec, kind && kind->observes);
  entry.termination_grace = read_termination_grace(in, rules.on_failure);
  const bool in_service = aimed.while_waiting == probes::traffic::in_service;
  rules.while_waiting =
      read_word(in, "whileWaiting", in_service ? policy::waiting::in_service : policy::waiting::unready);
  entry.container = rules.container;
  entry.in_container = read_root(in, kind);
  in.finish();
  if (into.found.size() > before) return;

  into.fixed[annotation] =
      "{\"" + entry.kind + "\":" + aimed.canonical + ",\"container\":\"" + rules.container +
      (entry.in_container ? "\",\"root\":\"Container" : "") + "\",\"onFailure\":\"" + word_of(rules.on_failure) + "\"" +
      (entry.termination_grace ? ",\"grace\":" + std::to_string(entry.termination_grace->count()) : "") + "}";
  into.probes.push_back(std::move(entry));
  into.rules.probes.push_back(std::move(rules));
}

}  // namespace podmedic::config
