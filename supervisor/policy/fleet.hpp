#pragma once
#include "base/time.hpp"
#include "base/verdict.hpp"
#include "supervisor/policy/rules.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the API tells of a fleet, the replicas of one workload, as plain values.
namespace podmedic::policy {

/// Why the API did not do what an action asked for.
struct api_silence {
  bool denied = false;  ///< the right is missing; else asking again may help
  std::string message;
};

/// A Pod's place in its fleet.
struct own_place {
  std::string workload;  ///< for people: "Deployment engine"
  std::string pod;       ///< who it is as a Lease's holder: the Pod's name, '_', its uid
  std::string revision;  ///< of its Pod template; empty where the workload has none

  bool operator==(const own_place&) const = default;
};

/// The name of the Pod that a Lease's holder is.
std::string pod_name_of(const std::string& holder);

/// The replicas whose restart for one probe was not followed by recovery.
struct unrecovered_replicas {
  std::string revision;           ///< of their Pod template: what another one does is not known
  std::vector<std::string> pods;  ///< as own_place::pod, each once

  bool operator==(const unrecovered_replicas&) const = default;
};

/// By probe, as JSON in one line; empty where there are none.
std::string to_json(const std::map<std::string, unrecovered_replicas>& all);
/// Reads to_json()'s text; what it cannot be is left out.
std::map<std::string, unrecovered_replicas> read_unrecovered(std::string_view text);

/// One slot: a Lease (coordination.k8s.io/v1), whose holder may be out of traffic.
struct lease {
  std::string holder;        ///< holderIdentity: an own_place::pod; empty: free
  milliseconds duration{0};  ///< leaseDurationSeconds: unchanged for so long, its holder is gone for good
  int transitions = 0;       ///< leaseTransitions: how often it passed to another holder
  std::map<std::string, unrecovered_replicas> unrecovered;  ///< by probe
  std::string version;  ///< resourceVersion: changes with each write; empty: there is no such Lease yet

  bool operator==(const lease&) const = default;
};

struct disruption_budget {
  std::string name;
  int current_healthy = 0;
  int desired_healthy = 0;
};

/// What a fleet is like at one moment. Parts that podmedic has no right to see speak against nothing.
struct fleet_view {
  bool ready = false;                       ///< the own Pod, to the kubelet
  bool serving = false;                     ///< its endpoint; false as well where no Service selects it
  bool endpoints_seen = true;               ///< else serving is ready, and others_serving means nothing
  std::vector<std::string> others_serving;  ///< names of other Pods whose endpoints serve and are not terminating
  std::optional<int> replicas;              ///< what the workload is to have; none: not known
  bool rolling_out = false;                 ///< the workload replaces its Pods
  std::vector<disruption_budget> budgets;   ///< PodDisruptionBudgets that select the Pod
  std::vector<std::string> not_seen;        ///< which parts, and what to grant
};

/// Why the Pod must not leave traffic now by podmedic's doing: too few others serve, a PodDisruptionBudget is spent, or
/// the workload rolls out. A Pod that serves nobody takes nothing away. `about_to_leave`: other Pods that may leave at
/// any moment (holders of slots), so their endpoints do not count.
///
/// A minAvailable of all replicas would forbid every restart for good: it counts as all but one.
std::optional<diagnosis> why_not_leave(const fleet_view& seen, const fleet_rules& rules,
                                       const std::vector<std::string>& about_to_leave);

}  // namespace podmedic::policy
