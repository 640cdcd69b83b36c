#include "supervisor/manifest/sidecar.hpp"

#include "supervisor/manifest/emit.hpp"

#include <algorithm>
#include <stdexcept>

namespace podmedic::manifest {
namespace {

node* member_in(node& of, std::string_view name) {
  return const_cast<node*>(find(&of, {name}));
}

std::string name_of(const pod_template& of) {
  return of.kind + (of.name.empty() ? "" : " " + of.name);
}

/// The uid of the containers that probes look into, or else of the first that says one. Empty: podmedic's image, or the
/// Pod's securityContext, decides.
std::string uid_to_share(const subject& pod, std::vector<std::string>& remarks) {
  std::vector<const container_view*> looked_into;
  for (const config::probe_entry& each : pod.read.probes) {
    if (const container_view* target = pod.judged(each.container)) looked_into.push_back(target);
  }
  for (const container_view& each : pod.containers) {
    if (&each != pod.medic && !each.init) looked_into.push_back(&each);
  }
  const std::string of_pod = text_at(pod.spec, {"securityContext", "runAsUser"});
  std::string found;
  for (const container_view* each : looked_into) {
    std::string uid = text_at(each->at, {"securityContext", "runAsUser"});
    if (uid.empty()) uid = of_pod;
    if (found.empty()) found = uid;
    if (!uid.empty() && uid != found) {
      remarks.push_back(name_of(pod.of) + ": its containers run as different users; podmedic runs as " + found +
                        ", and cannot look into container " + each->name);
      break;
    }
  }
  if (found == "0") {
    remarks.push_back(name_of(pod.of) +
                      ": podmedic does not run as root and cannot look into containers that do; set runAsUser");
    return std::string(user_for_root);
  }
  return found == of_pod ? "" : found;
}

/// (failureThreshold - 2) x 1 s is at least the startup barrier's maximum.
void fit_startup_probe(node& container, const subject& pod) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(pod.read.rules.startup_maximum).count();
  node* threshold = member_in(*member_in(container, "startupProbe"), "failureThreshold");
  if (seconds + 2 > std::stol(threshold->text)) threshold->text = std::to_string(seconds + 2);
}

void append(node& list, const node* more) {
  for (const node& each : items_of(more)) list.items.push_back(each);
}

}  // namespace

const node& sidecar_parts() {
  static const node all = [] {
    std::vector<yaml::error> errors;
    auto root = yaml::parse(sidecar_text(), errors);
    if (!root) throw std::logic_error("deploy/sidecar.yaml: " + errors.front().message);
    return std::move(*root);
  }();
  return all;
}

sidecar sidecar_for(const subject& pod, const injection& what, std::vector<std::string>& remarks) {
  node container = *find(&sidecar_parts(), {"container"});
  *member_in(container, "image") = scalar_of(what.image);
  if (!what.rule) std::erase_if(container.members, [](const auto& each) { return each.name == "restartPolicyRules"; });
  if (others_are_guaranteed(pod))
    *member_in(container, "resources") = *find(&sidecar_parts(), {"guaranteed", "resources"});
  // Resources of the whole Pod must hold those of its containers; without its own, podmedic shares them.
  if (find(pod.spec, {"resources"}) != nullptr)
    std::erase_if(container.members, [](const auto& each) { return each.name == "resources"; });
  fit_startup_probe(container, pod);
  if (const std::string uid = uid_to_share(pod, remarks); !uid.empty()) {
    node& context = *member_in(container, "securityContext");
    context.members.insert(context.members.begin(), yaml::member{"runAsUser", {}, {node::kind::scalar, {}, uid}});
  }
  std::vector<node> volumes = find(&sidecar_parts(), {"volumes"})->items;
  if (!what.service_account.empty()) {
    append(*member_in(container, "volumeMounts"), find(&sidecar_parts(), {"token", "volumeMounts"}));
    for (const node& each : items_of(find(&sidecar_parts(), {"token", "volumes"}))) volumes.push_back(each);
  }
  return {std::move(container), std::move(volumes)};
}

bool is_own_volume(std::string_view name) {
  return named(find(&sidecar_parts(), {"volumes"}), name) != nullptr ||
         named(find(&sidecar_parts(), {"token", "volumes"}), name) != nullptr;
}

}  // namespace podmedic::manifest
