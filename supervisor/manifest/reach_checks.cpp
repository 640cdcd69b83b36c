#include "base/scalars.hpp"
#include "supervisor/config/annotation_names.hpp"
#include "supervisor/config/words.hpp"
#include "supervisor/manifest/checks.hpp"
#include "supervisor/manifest/needs.hpp"

#include <algorithm>
#include <array>

namespace podmedic::manifest {
namespace {

constexpr std::string_view image_uid = "65532";  ///< of podmedic's own image (Dockerfile)

std::string uid_of(const subject& pod, const node& container, std::string_view else_of_image) {
  std::string uid = text_at(&container, {"securityContext", "runAsUser"});
  if (uid.empty()) uid = text_at(pod.spec, {"securityContext", "runAsUser"});
  return uid.empty() ? std::string(else_of_image) : uid;
}

bool has_capability(const node& container, std::string_view name) {
  const auto added = items_of(find(&container, {"securityContext", "capabilities", "add"}));
  return std::any_of(added.begin(), added.end(), [&](const node& each) { return each.text == name; });
}

/// What asks for something: a probe's kind or action, or a hook.
struct asker {
  const subject& pod;
  const node& at;    ///< its annotation
  std::string who;   ///< "probe engine"
  std::string what;  ///< "memory", "onFailure: RestartContainer"
  const need& needs;
  fields& own;  ///< of its kind
  bool in_container;
};

bool holds(std::string_view condition, const asker& of) {
  if (condition.empty() || condition == "*") return !condition.empty();
  for (std::size_t at = 0; at < condition.size();) {
    const std::size_t end = std::min(condition.find(' ', at), condition.size());
    const std::string_view field = condition.substr(at, end - at);
    if (field == "root" ? of.in_container : of.own.has(field)) return true;
    at = end + 1;
  }
  return false;
}

void check_uid(const asker& of, const container_view& target, findings& into) {
  const subject& pod = of.pod;
  if (!holds(of.needs.uid, of) || pod.medic == nullptr || has_capability(*pod.medic->at, of.needs.capability)) return;
  const std::string own = uid_of(pod, *pod.medic->at, image_uid);
  const std::string its = uid_of(pod, *target.at, "");
  if (own == its) return;
  const std::string fix = "give both the same securityContext.runAsUser, or podmedic uid 0 and the capability " +
                          std::string(of.needs.capability);
  if (its.empty()) {
    into.add(severity::warning, *target.at, "UidUnknown",
             of.who + ": " + of.what + " needs the uid of container " + target.name +
                 ", which its image decides; podmedic's is " + own,
             "set runAsUser for container " + target.name);
    return;
  }
  into.add(
      severity::error, of.at, "Uid",
      of.who + ": " + of.what + " needs the uid of container " + target.name + ", " + its + "; podmedic's is " + own,
      fix);
}

void check_needs(const asker& of, const container_view* target, findings& into) {
  if (of.pod.medic != nullptr && holds(of.needs.share, of) && !of.pod.facts.share_process_namespace) {
    into.add(severity::error, of.at, "ShareProcessNamespace",
             of.who + ": " + of.what + " needs to see the Pod's processes",
             "set shareProcessNamespace: true in the Pod's spec");
  }
  if (target != nullptr) check_uid(of, *target, into);
}

/// Paths that are read in podmedic's own mounts.
void check_files(const asker& of, findings& into) {
  if (of.pod.medic == nullptr || of.in_container) return;
  for (std::size_t at = 0; at < of.needs.files.size();) {
    const std::size_t end = std::min(of.needs.files.find(' ', at), of.needs.files.size());
    for (const std::string& path : of.own.text_or_texts(of.needs.files.substr(at, end - at))) {
      if (mount_of(*of.pod.medic->at, path) != nullptr) continue;
      into.add(severity::error, of.at, "NotMounted", of.who + ": " + path + " lies in none of podmedic's volumeMounts",
               "mount its volume there in podmedic's container, or say root: Container");
    }
    at = end + 1;
  }
}

/// The container that is meant; null, and a finding, where there is none of that name or it cannot be told.
const container_view* find_target(const subject& pod, const node& at, const std::string& who, const std::string& name,
                                  findings& into) {
  const container_view* target = pod.judged(name);
  if (target != nullptr && target != pod.medic) return target;
  std::vector<std::string_view> known;
  for (const container_view& each : pod.containers) {
    if (&each != pod.medic) known.push_back(each.name);
  }
  std::string all;
  for (const std::string_view each : known) all += (all.empty() ? "" : ", ") + std::string(each);
  if (name.empty()) {
    into.add(severity::error, at, "ContainerNotNamed", who + ": the Pod has several containers, and it names none",
             "add container: one of " + all);
    return nullptr;
  }
  const std::string nearest = nearest_name(name, known);
  into.add(severity::error, at, "ContainerUnknown", who + ": the Pod has no container " + quoted(name),
           nearest.empty() ? "it has " + all : "did you mean " + nearest + "?");
  return nullptr;
}

/// podmedic learns names by the API, or from the environment of processes of its own uid.
void check_name(const subject& pod, const container_view& target, findings& into) {
  const node* name = named(find(target.at, {"env"}), "PODMEDIC_CONTAINER");
  if (name != nullptr && text_at(name, {"value"}) != target.name) {
    into.add(severity::error, *name, "ContainerName",
             "PODMEDIC_CONTAINER says " + quoted(text_at(name, {"value"})) + " in container " + target.name,
             "it must be the container's own name");
  }
  if (pod.medic == nullptr) return;  // who puts podmedic in puts this in, too
  const bool has_token = mount_of(*pod.medic->at, "/var/run/secrets/podmedic") != nullptr;
  if (name != nullptr || has_token || pod.judged("") != nullptr) return;
  into.add(severity::warning, *target.at, "ContainerName",
           "container " + target.name +
               " has no PODMEDIC_CONTAINER in its environment: without the right to read Pods podmedic cannot tell "
               "which processes are its",
           "env: [{name: PODMEDIC_CONTAINER, value: " + target.name + "}]");
}

void check_restart_alone(const subject& pod, const asker& of, const container_view* target, findings& into) {
  if (pod.facts.host_pid) {
    into.add(severity::error, of.at, "HostPid", of.who + ": with hostPID no container can be restarted alone",
             "remove hostPID");
  }
  if (target == nullptr) return;
  const auto why = pod.facts.why_not_back.find(target->name);
  if (why == pod.facts.why_not_back.end()) return;
  into.add(severity::error, *target->at, "RestartPolicy",
           of.who + " restarts container " + target->name +
               " alone, and the kubelet would not bring it back: " + why->second,
           "");
}

void check_probe(const subject& pod, const config::probe_entry& probe, policy::remedy remedy, findings& into) {
  const std::string annotation = std::string(config::annotation::probe_prefix) + probe.name;
  const node& at = pod.value_of(annotation);
  const std::string who = "probe " + probe.name;
  mistakes none;
  const auto given = pod.given.find(annotation);
  fields whole = fields::parse(annotation, given == pod.given.end() ? "{}" : given->second, none);
  std::optional<fields> own = whole.object(probe.kind);
  fields& of_kind = own ? *own : whole;
  const container_view* target = nullptr;
  const bool acts = remedy != policy::remedy::observe;
  const need* kind = need_of(probe.kind);
  if (!probe.container.empty() || acts || !kind->share.empty()) {
    target = find_target(pod, at, who, probe.container, into);
  }
  const asker looks{pod, at, who, probe.kind, *kind, of_kind, probe.in_container};
  check_needs(looks, target, into);
  check_files(looks, into);
  if (acts) {
    const std::string word = config::word_of(remedy);
    const asker does{pod, at, who, "onFailure: " + word, *need_of(word), of_kind, probe.in_container};
    check_needs(does, remedy == policy::remedy::restart_container ? target : nullptr, into);
    if (remedy == policy::remedy::restart_container) check_restart_alone(pod, does, target, into);
  }
}

void check_hook(const subject& pod, const config::hook_entry& hook, findings& into) {
  const std::string annotation = std::string(config::annotation::hook_prefix) + hook.name;
  mistakes none;
  const auto given = pod.given.find(annotation);
  if (given == pod.given.end()) return;
  fields whole = fields::parse(annotation, given->second, none);
  if (!whole.has("signal")) return;
  std::optional<fields> own = whole.object("signal");
  const node& at = pod.value_of(annotation);
  const std::string who = "hook " + hook.name;
  const container_view* target = find_target(pod, at, who, own->text("container", ""), into);
  check_needs({pod, at, who, "signal", *need_of("signal"), *own, false}, target, into);
}

void check_signal_all(const subject& pod, findings& into) {
  if (pod.read.rules.without_support != policy::fallback::signal_all) return;
  const node& at = pod.value_of(config::annotation::policy);
  mistakes none;
  fields empty = fields::parse("fallback", "{}", none);
  const asker does{pod, at, "policy", "fallback: SignalAll", *need_of("SignalAll"), empty, false};
  if (!pod.asks_for(policy::remedy::restart_all_containers)) return;
  for (const container_view& each : pod.containers) {
    if (&each == pod.medic || (each.init && !each.sidecar)) continue;
    check_uid(does, each, into);
    check_restart_alone(pod, does, &each, into);
  }
}

}  // namespace

void check_reach(const subject& pod, findings& into) {
  for (std::size_t i = 0; i < pod.read.probes.size(); ++i) {
    check_probe(pod, pod.read.probes[i], pod.read.rules.probes[i].on_failure, into);
  }
  for (const config::hook_entry& each : pod.read.hooks) check_hook(pod, each, into);
  check_signal_all(pod, into);
  for (const container_view& each : pod.containers) {
    if (&each != pod.medic && (!each.init || each.sidecar)) check_name(pod, each, into);
  }
}

}  // namespace podmedic::manifest
