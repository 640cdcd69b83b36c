#pragma once
#include "k8s/client.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace podmedic::k8s {

/// Whether podmedic's own container carries the rule that makes the kubelet restart all containers (KEP-5532).
enum class restart_rule {
  present,
  no_container,  ///< the Pod has no container of that name
  not_always,    ///< its restartPolicy is not Always: no rule is allowed to bring it back
  no_rule,       ///< no rule matches the exit code
  other_action,  ///< the first rule that matches the exit code asks for something else
};
/// For people: what is missing, and in which field.
std::string to_text(restart_rule rule);

/// The fields of a startupProbe that decide how long it may fail, with Kubernetes' defaults.
struct startup_probe {
  milliseconds initial_delay{0};
  milliseconds period{10'000};
  int failure_threshold = 3;
};

/// The object that made another and keeps it: an ownerReference with controller: true.
struct controller {
  std::string kind;
  std::string name;
};

/// What podmedic wants to know of its own Pod.
struct pod_facts {
  std::string name;
  std::string uid;
  std::map<std::string, std::string> labels;
  std::optional<controller> kept_by;
  bool ready = false;                              ///< the condition Ready
  std::map<std::string, std::string> names_by_id;  ///< containers' names by their ids, 64 hexadecimal digits
  std::map<std::string, int> restart_counts;       ///< by container name
  restart_rule rule = restart_rule::no_container;
  /// Containers that would not come back alone if podmedic ended their processes: why, and what to do.
  std::map<std::string, std::string> why_not_back;
  /// Native sidecars but podmedic's own, in the order in which the kubelet starts them.
  std::vector<std::string> sidecars;
  bool share_process_namespace = false;
  bool host_pid = false;
  bool host_network = false;
  std::optional<milliseconds> termination_grace;
  std::optional<startup_probe> own_startup_probe;  ///< of podmedic's own container
  /// The condition AllContainersRestarting: its presence proves that the kubelet knows the rule (platform.md).
  std::optional<bool> all_containers_restarting;
  bool in_service_gate = false;       ///< spec.readinessGates has in_service_condition (condition.hpp)
  std::optional<bool> in_service;     ///< that condition
  bool being_deleted = false;         ///< deletionTimestamp is set
  std::optional<int> last_exit_code;  ///< podmedic's own container, as lastState tells it
  std::string last_exit_reason;       ///< "RestartingAllContainers" after a restart that was executed
};

/// Reads a Pod as the API prints it, for podmedic's container `own_container` and the exit code that shall restart all.
/// Text: why it is no Pod. What is missing or of the wrong type is left at its default.
std::variant<pod_facts, std::string> parse_pod(std::string_view text, std::string_view own_container,
                                               int restart_exit_code);

/// Needs get on pods.
boost::asio::awaitable<api_result<pod_facts>> read_pod(client& api, std::string name, std::string own_container,
                                                       int restart_exit_code, milliseconds timeout);

/// Writes the annotation podmedic.io/last-restart, because the kubelet erases the cause. Needs patch on pods. With a
/// uid, a Pod that took over the name is not written to (rejected).
boost::asio::awaitable<api_result<std::monostate>> annotate_last_restart(client& api, std::string name, std::string uid,
                                                                         std::string value, milliseconds timeout);

}  // namespace podmedic::k8s
