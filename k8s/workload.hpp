#pragma once
#include "k8s/client.hpp"
#include "k8s/pod.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace podmedic::k8s {

/// The workload whose replicas take turns.
struct workload {
  std::string kind;  ///< "Deployment"; empty where the user named it
  std::string name;
  std::string revision;  ///< of the Pod's template; empty where its kind has none

  /// The name of the Lease of one of its slots.
  std::string lease_name(int slot) const;
};

/// The workload of a Pod by its ownerReference, and by the labels that controllers put on Pods, so without another
/// question to the API: a ReplicaSet of a Deployment (or an Argo Rollout) has the Pod template's hash at the end of its
/// name, a Job of a JobSet the label jobset.sigs.k8s.io/jobset-name. `named` outweighs it. None: a Pod without a
/// controller.
std::optional<workload> workload_of(const pod_facts& pod, const std::string& named);

/// How a workload stands.
struct rollout {
  std::optional<int> replicas;  ///< as its spec says
  bool under_way = false;       ///< Pods of an older template are being replaced
};

/// From a Deployment, StatefulSet, ReplicaSet or DaemonSet (apps/v1), as the API prints it. Text: why it is none.
/// Replicas that are merely not available are no rollout: they may be what podmedic is to heal.
std::variant<rollout, std::string> parse_rollout(std::string_view text);

/// Nothing is known of other kinds, and nothing is asked. Needs get on deployments (statefulsets …) of apps.
boost::asio::awaitable<api_result<rollout>> read_rollout(client& api, workload of, milliseconds timeout);

}  // namespace podmedic::k8s
