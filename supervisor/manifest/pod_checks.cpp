#include "base/clock.hpp"
#include "supervisor/config/annotation_names.hpp"
#include "supervisor/manifest/checks.hpp"
#include "supervisor/manifest/mesh.hpp"
#include "supervisor/options.hpp"

#include <algorithm>
#include <array>

namespace podmedic::manifest {
namespace {

bool restarts_all(const subject& pod) {
  return pod.asks_for(policy::remedy::restart_all_containers);
}

/// Without a tag, or with `latest`, Kubernetes' imagePullPolicy is Always.
bool pulls_always(const node& container) {
  const std::string policy = text_at(&container, {"imagePullPolicy"});
  if (!policy.empty()) return policy == "Always";
  const std::string image = text_at(&container, {"image"});
  if (image.empty() || image.find('@') != std::string::npos) return false;
  const std::size_t tag = image.find(':', image.rfind('/') == std::string::npos ? 0 : image.rfind('/'));
  return tag == std::string::npos || image.substr(tag) == ":latest";
}

void check_images(const subject& pod, findings& into) {
  for (const container_view& each : pod.containers) {
    if (!pulls_always(*each.at)) continue;
    into.add(severity::warning, *each.at, "ImagePullPolicy",
             "the image of container " + each.name +
                 " is pulled at each restart: a registry that is down would make an outage of it",
             "name the image by digest, with imagePullPolicy: IfNotPresent");
  }
  if (pod.medic == nullptr || pulls_always(*pod.medic->at)) return;
  if (text_at(pod.medic->at, {"image"}).find('@') != std::string::npos) return;
  into.add(severity::note, *pod.medic->at, "ImageDigest",
           "podmedic's image is named by a tag, which may come to mean another program",
           "name it by digest: image@sha256:…");
}

void check_init_containers(const subject& pod, findings& into) {
  if (!restarts_all(pod)) return;
  for (const container_view& each : pod.containers) {
    if (!each.init || each.sidecar || is_of_mesh(each.name)) continue;
    into.add(severity::note, *each.at, "InitContainerAgain",
             "init container " + each.name +
                 " runs again at each restart of all containers, with the volumes as they are then",
             "see that it may run twice");
  }
}

void check_jobs(const subject& pod, findings& into) {
  const std::string policy = text_at(pod.spec, {"restartPolicy"});
  if (!restarts_all(pod) || policy.empty() || policy == "Always") return;
  int regular = 0;
  for (const container_view& each : pod.containers) regular += each.init ? 0 : 1;
  if (regular < 2) return;
  into.add(severity::warning, *find(pod.spec, {"restartPolicy"}), "CompletedContainersAgain",
           "restartPolicy " + policy + ": a restart of all containers runs those again that have completed",
           "use onFailure: RestartContainer, or see that each container may run twice");
}

void check_surroundings(const subject& pod, findings& into) {
  const auto complain = [&](std::string_view field, severity is, std::string_view check, std::string message,
                            std::string fix) {
    const node* at = find(pod.spec, {field});
    into.add(is, at != nullptr ? *at : *pod.spec, check, std::move(message), std::move(fix));
  };
  const bool acts = std::any_of(pod.read.rules.probes.begin(), pod.read.rules.probes.end(),
                                [](const auto& each) { return each.on_failure != policy::remedy::observe; });
  if (pod.facts.host_pid && acts) {
    complain("hostPID", severity::error, "HostPid",
             "with hostPID podmedic cannot tell the Pod's processes from the node's",
             "remove hostPID, and set shareProcessNamespace: true");
  }
  if (pod.facts.host_network && !pod.read.rules.drain.in_flight_ports.empty()) {
    complain("hostNetwork", severity::error, "HostNetwork",
             "with hostNetwork the connections in flight are those of the whole node",
             "use drain.inFlight.metric, or remove hostNetwork");
  }
  const std::string selected = text_at(pod.spec, {"nodeSelector", "kubernetes.io/os"});
  if (text_at(pod.spec, {"os", "name"}) == "windows" || selected == "windows") {
    complain("os", severity::error, "Windows", "podmedic runs on Linux alone", "take podmedic out of this Pod");
  }
}

void check_ports(const subject& pod, findings& into) {
  if (pod.medic == nullptr) return;
  const std::string own = option_of(*pod.medic->at, "--port", "PODMEDIC_PORT", std::to_string(run_options().port));
  for (const container_view& each : pod.containers) {
    if (&each == pod.medic) continue;
    for (const node& port : items_of(find(each.at, {"ports"}))) {
      if (text_at(&port, {"containerPort"}) != own) continue;
      into.add(severity::error, port, "PortTaken",
               "container " + each.name + " uses port " + own + ", and so does podmedic: one of them will not get it",
               "give podmedic another by `--port`, or PODMEDIC_PORT");
    }
  }
}

void check_resources(const subject& pod, findings& into) {
  if (pod.medic == nullptr) return;
  const node& medic = *pod.medic->at;
  if (text_at(&medic, {"resources", "limits", "memory"}).empty()) {
    into.add(severity::warning, medic, "Resources", "podmedic has no memory limit",
             "resources: {requests: {cpu: 20m, memory: 64Mi}, limits: {memory: 64Mi}}");
  }
  if (others_are_guaranteed(pod) && !is_guaranteed(medic)) {
    into.add(severity::warning, medic, "QualityOfService",
             "all other containers have requests = limits: by podmedic the Pod's QoS class falls from Guaranteed to "
             "Burstable",
             "give podmedic requests = limits of cpu and memory, too");
  }
}

void check_grace(const subject& pod, findings& into) {
  const milliseconds grace = pod.facts.termination_grace.value_or(milliseconds(30'000));
  if (pod.read.probes.empty() || grace <= pod.read.rules.closing_grace) return;
  const node* at = find(pod.spec, {"terminationGracePeriodSeconds"});
  into.add(severity::warning, at != nullptr ? *at : *pod.spec, "ShutdownGrace",
           "a server may take " + to_text(grace) + " to close down on the kubelet's order; shutdownGraceSeconds is " +
               to_text(pod.read.rules.closing_grace) + ", after which that looks like a failure",
           "set shutdownGraceSeconds of " + std::string(config::annotation::policy) + " to " +
               std::to_string(grace.count() / 1000));
}

void check_api(const subject& pod, findings& into) {
  if (pod.medic == nullptr) return;
  const bool has_token = mount_of(*pod.medic->at, "/var/run/secrets/podmedic") != nullptr;
  const std::string automount = text_at(pod.spec, {"automountServiceAccountToken"});
  if (has_token && automount != "false") {
    into.add(severity::warning, *pod.spec, "Token",
             "podmedic has a token of its own, and each container gets one with the same rights",
             "automountServiceAccountToken: false, unless another container asks the API");
  }
  if (has_token || automount != "false") return;
  if (pod.facts.in_service_gate) {
    into.add(severity::error, *find(pod.spec, {"readinessGates"}), "ReadinessGate",
             "the readinessGate podmedic.io/InService is set by podmedic at the API, for which it has no token: the "
             "Pod never becomes Ready",
             "see deploy/api-access.yaml, or remove the readinessGate");
  }
  if (pod.read.rules.fleet.asked_for) {
    into.add(severity::error, pod.value_of(config::annotation::policy), "Fleet",
             "fleet: replicas take turns by Leases at the API, for which podmedic has no token",
             "see deploy/api-access.yaml and deploy/rbac.yaml");
  }
  const bool evicts =
      pod.read.rules.escalate == policy::escalation::evict || pod.read.rules.without_support == policy::fallback::evict;
  if (evicts) {
    into.add(severity::error, pod.value_of(config::annotation::policy), "Eviction",
             "Evict asks the API, for which podmedic has no token", "see deploy/api-access.yaml and deploy/rbac.yaml");
  }
}

}  // namespace

void check_pod(const subject& pod, findings& into) {
  check_images(pod, into);
  check_init_containers(pod, into);
  check_jobs(pod, into);
  check_surroundings(pod, into);
  check_ports(pod, into);
  check_resources(pod, into);
  check_grace(pod, into);
  check_api(pod, into);
}

}  // namespace podmedic::manifest
