#include "base/clock.hpp"
#include "supervisor/manifest/checks.hpp"
#include "supervisor/manifest/mesh.hpp"
#include "supervisor/options.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace podmedic::manifest {
namespace {

constexpr std::string_view or_inject = "copy it from `podmedic inject`";

void check_place(const subject& pod, findings& into) {
  const container_view& medic = *pod.medic;
  if (!medic.init) {
    into.add(severity::error, *medic.at, "NotASidecar",
             "podmedic stands in containers: it starts beside the others, ends with them, and its rule counts for less",
             "move it to initContainers, with restartPolicy: Always");
    return;
  }
  if (!medic.sidecar) {
    into.add(severity::error, *medic.at, "NotASidecar",
             "podmedic is an init container that is to complete: the Pod would wait for it for ever",
             "add restartPolicy: Always");
  }
  for (const container_view& each : pod.containers) {
    if (&each == &medic) break;
    if (is_of_mesh(each.name)) continue;
    into.add(severity::warning, *each.at, "NotFirst",
             "container " + each.name + " stands before podmedic, which is blind until it has " +
                 (each.sidecar ? "started, and holds back no container behind it" : "completed"),
             "put podmedic first in initContainers; only proxies of a service mesh belong before it");
  }
}

/// Exit codes that ends of other causes have: a clean one, a fault, SIGKILL, SIGTERM.
void check_codes(const subject& pod, findings& into) {
  static constexpr std::array<std::string_view, 4> of_others{"0", "1", "137", "143"};
  for (const node& rule : items_of(find(pod.medic->at, {"restartPolicyRules"}))) {
    if (text_at(&rule, {"action"}) != "RestartAllContainers") continue;
    if (text_at(&rule, {"exitCodes", "operator"}) == "NotIn") {
      into.add(severity::error, rule, "RestartRuleTooWide",
               "operator NotIn: any end of podmedic, an OOM kill too, would restart all containers, with no back-off",
               "use {operator: In, values: [" + std::to_string(pod.restart_code) + "]}");
    }
    for (const node& code : items_of(find(&rule, {"exitCodes", "values"}))) {
      if (std::find(of_others.begin(), of_others.end(), code.text) == of_others.end()) continue;
      into.add(severity::error, code, "RestartRuleTooWide",
               "exit code " + code.text +
                   " is what podmedic may end with by itself, or when it is killed: that would " +
                   "restart all containers, with no back-off",
               "use " + std::to_string(pod.restart_code) + " alone");
    }
  }
}

void check_rule(const subject& pod, findings& into) {
  check_codes(pod, into);
  if (!pod.asks_for(policy::remedy::restart_all_containers) || !pod.medic->sidecar) return;
  if (pod.facts.rule == k8s::restart_rule::present) return;
  const bool has_other_way = pod.read.rules.without_support != policy::fallback::observe;
  const node* rules = find(pod.medic->at, {"restartPolicyRules"});
  if (has_other_way && rules == nullptr) return;
  into.add(pod.enforces() ? severity::error : severity::warning, rules != nullptr ? *rules : *pod.medic->at,
           "RestartRule", "onFailure: RestartAllContainers, and " + k8s::to_text(pod.facts.rule),
           "restartPolicyRules: [{action: RestartAllContainers, exitCodes: {operator: In, values: [" +
               std::to_string(pod.restart_code) + "]}}], or the policy's fallback: SignalAll");
}

bool leaves_traffic(const subject& pod) {
  const auto& probes = pod.read.rules.probes;
  return std::any_of(probes.begin(), probes.end(),
                     [](const policy::probe_rules& each) { return each.on_failure != policy::remedy::observe; });
}

int number_at(const node* probe, std::string_view name, int fallback) {
  const std::string text = text_at(probe, {name});
  int number = fallback;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

void check_readiness(const subject& pod, findings& into) {
  const node* readiness = find(pod.medic->at, {"readinessProbe"});
  if (!runs(readiness, {"check", "readiness"})) {
    if (!leaves_traffic(pod)) return;
    into.add(severity::error, readiness != nullptr ? *readiness : *pod.medic->at, "ReadinessProbe",
             "podmedic takes the Pod out of traffic by its own readinessProbe, which does not run "
             "`podmedic check readiness`: requests would be lost at each restart",
             "readinessProbe: {exec: {command: [/podmedic, check, readiness]}, periodSeconds: 1, failureThreshold: 1}");
    return;
  }
  const milliseconds noticed =
      std::chrono::seconds(number_at(readiness, "periodSeconds", 10)) * number_at(readiness, "failureThreshold", 3);
  const milliseconds settle = pod.read.rules.drain.settle;
  if (noticed > std::max(settle, milliseconds(1000)) && leaves_traffic(pod)) {
    into.add(severity::warning, *readiness, "ReadinessProbeSlow",
             "the kubelet notices after up to " + to_text(noticed) +
                 " that podmedic wants to leave traffic, and drain.settleSeconds is " + to_text(settle),
             "periodSeconds: 1 and failureThreshold: 1");
  }
}

void check_startup(const subject& pod, findings& into) {
  const node* startup = find(pod.medic->at, {"startupProbe"});
  const bool has_hooks = std::any_of(pod.read.hooks.begin(), pod.read.hooks.end(),
                                     [](const auto& each) { return each.phase == config::hook_phase::startup; });
  const std::string maximum = to_text(pod.read.rules.startup_maximum);
  if (!runs(startup, {"check", "startup"})) {
    into.add(has_hooks ? severity::error : severity::warning, startup != nullptr ? *startup : *pod.medic->at,
             "StartupProbe",
             "no startupProbe runs `podmedic check startup`: podmedic cannot hold back the containers behind it",
             "startupProbe: {exec: {command: [/podmedic, check, startup]}, periodSeconds: 1, failureThreshold: 30}");
    return;
  }
  const auto& probe = pod.facts.own_startup_probe;
  if (!probe || !has_hooks) return;
  const milliseconds allows = probe->period * std::max(probe->failure_threshold - 2, 0);
  if (allows >= pod.read.rules.startup_maximum) return;
  into.add(severity::error, *startup, "StartupProbeShort",
           "the startupProbe may fail for " + to_text(allows) + " and startupBarrier.maxSeconds is " + maximum +
               ": podmedic would let go early",
           "make (failureThreshold - 2) x periodSeconds at least as long, or maxSeconds shorter");
}

void check_liveness(const subject& pod, findings& into) {
  const node* liveness = find(pod.medic->at, {"livenessProbe"});
  if (runs(liveness, {"check", "liveness"})) return;
  into.add(severity::warning, liveness != nullptr ? *liveness : *pod.medic->at, "LivenessProbe",
           "no livenessProbe runs `podmedic check liveness`: a podmedic that hangs would go unnoticed",
           "livenessProbe: {exec: {command: [/podmedic, check, liveness]}, periodSeconds: 10, timeoutSeconds: 5}");
}

void check_pre_stop(const subject& pod, findings& into) {
  const node* hook = find(pod.medic->at, {"lifecycle", "preStop"});
  if (runs(hook, {"stand-down"})) return;
  into.add(severity::error, hook != nullptr ? *hook : *pod.medic->at, "PreStop",
           "no preStop hook runs `podmedic stand-down`: a server that closes down because the Pod is deleted would be "
           "taken for wedged",
           "lifecycle: {preStop: {exec: {command: [/podmedic, stand-down]}}}");
}

/// The volume under a path of podmedic's container; null, and a finding, where nothing is mounted there.
const node* mounted(const subject& pod, const std::string& path, std::string_view check, const std::string& what,
                    findings& into) {
  const node* mount = mount_of(*pod.medic->at, path);
  if (mount == nullptr) {
    into.add(severity::error, *pod.medic->at, check, "nothing is mounted at " + path + ": " + what,
             std::string(or_inject));
    return nullptr;
  }
  const node* volume = named(find(pod.spec, {"volumes"}), text_at(mount, {"name"}));
  if (volume == nullptr) {
    into.add(severity::error, *mount, check, "the Pod has no volume " + text_at(mount, {"name"}),
             std::string(or_inject));
  }
  return volume;
}

void check_volumes(const subject& pod, findings& into) {
  const run_options defaults;
  const std::string state = option_of(*pod.medic->at, "--state-dir", "PODMEDIC_STATE_DIR", defaults.state_directory);
  const node* ledger = mounted(pod, state, "StateVolume",
                               "the ledger would not outlive a restart, and podmedic would restart nothing", into);
  if (ledger != nullptr && find(ledger, {"emptyDir"}) == nullptr) {
    into.add(severity::error, *ledger, "StateVolume",
             "the ledger's volume is no emptyDir: another Pod's ledger may lie in it", "use emptyDir: {}");
  }
  const std::string podinfo = option_of(*pod.medic->at, "--podinfo", "PODMEDIC_PODINFO", defaults.podinfo_file);
  const node* volume =
      mounted(pod, podinfo, "PodinfoVolume", "podmedic would not see its annotations, and do nothing", into);
  if (volume == nullptr) return;
  const std::string file = podinfo.substr(podinfo.rfind('/') + 1);
  for (const node& item : items_of(find(volume, {"downwardAPI", "items"}))) {
    if (text_at(&item, {"fieldRef", "fieldPath"}) == "metadata.annotations" && text_at(&item, {"path"}) == file) return;
  }
  into.add(severity::error, *volume, "PodinfoVolume",
           "the volume gives no file " + file + " with metadata.annotations: podmedic would do nothing",
           "downwardAPI: {items: [{path: " + file + ", fieldRef: {fieldPath: metadata.annotations}}]}");
}

}  // namespace

void check_sidecar(const subject& pod, findings& into) {
  if (pod.medic == nullptr) {
    if (text_at(pod.of.pod, {"metadata", "labels", "podmedic.io/inject"}) == "true") return;
    into.add(severity::error, *pod.of.pod, "NoSidecar", "the Pod has podmedic's annotations, and no podmedic",
             "put it in by `podmedic inject`");
    return;
  }
  check_place(pod, into);
  check_rule(pod, into);
  check_startup(pod, into);
  check_readiness(pod, into);
  check_liveness(pod, into);
  check_pre_stop(pod, into);
  check_volumes(pod, into);
}

}  // namespace podmedic::manifest
