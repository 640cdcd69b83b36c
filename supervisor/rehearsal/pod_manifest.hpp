#pragma once
#include "base/fields.hpp"
#include "base/time.hpp"
#include "probes/registry.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// What a rehearsal understands of a Pod. Fields that it does not know are ignored, as are images, resources and
/// security contexts.
namespace podmedic::rehearsal {

/// A program run inside the container.
struct exec_action {
  std::vector<std::string> command;
};

/// A container's startupProbe, readinessProbe or livenessProbe, with Kubernetes' defaults.
struct probe_manifest {
  std::variant<exec_action, probes::spec> action;
  milliseconds initial_delay{0};
  milliseconds period{10'000};
  milliseconds timeout{1'000};
  int success_threshold = 1;
  int failure_threshold = 3;
  milliseconds grace;      ///< terminationGracePeriodSeconds, the Pod's where it has none
  std::uint16_t port = 0;  ///< that it dials; 0 for exec
};

enum class restart_policy { always, on_failure, never };

/// restartPolicyRules (KEP-5307, KEP-5532).
struct restart_rule {
  enum class action { restart, restart_all_containers };
  action then = action::restart;
  bool in = true;  ///< operator In; else NotIn
  std::vector<int> exit_codes;

  bool matches(int exit_code) const;
};

struct volume_mount {
  std::string volume;
  std::string path;  ///< mountPath, without a slash at its end
  std::string sub_path;
};

enum class role { init, sidecar, regular };

struct container_manifest {
  std::string name;
  role as = role::regular;
  std::vector<std::string> command;  ///< with its args
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<volume_mount> mounts;
  std::vector<std::uint16_t> ports;
  restart_policy restarts = restart_policy::always;
  std::vector<restart_rule> rules;
  std::optional<probe_manifest> startup, readiness, liveness;
  std::vector<std::string> pre_stop;  ///< lifecycle.preStop.exec; empty: none
};

struct volume_manifest {
  std::string name;
  std::map<std::string, std::string> files;  ///< of a downwardAPI volume: path and content
};

struct pod_manifest {
  std::string name;
  std::map<std::string, std::string> annotations;
  milliseconds grace{30'000};                  ///< terminationGracePeriodSeconds
  std::vector<container_manifest> containers;  ///< init containers and sidecars first, in their order
  std::vector<volume_manifest> volumes;
  std::vector<std::string> remarks;  ///< what is different in a rehearsal, for people
};

/// Reads a Pod, or the Pod template of a Deployment, StatefulSet, DaemonSet or ReplicaSet. `source` names it in
/// mistakes.
pod_manifest read_pod(const std::string& source, std::string_view text, mistakes& found);

}  // namespace podmedic::rehearsal
