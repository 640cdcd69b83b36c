#pragma once
#include "base/process_table.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace podmedic {

/// The Pod's other containers as their processes show them: who has a process, and who has a new main process.
class containers {
 public:
  /// `own` is podmedic's own container's name.
  containers(const process_table& table, std::string own) : table_(table), own_(std::move(own)) {}

  struct started {
    std::string name;
    instant at;
  };
  /// Looks (one scan of /proc), and tells which containers have a main process that was not there at the last look.
  std::vector<started> look();

  /// All that have a main process, as of the last look.
  std::vector<started> running() const;

  enum class presence {
    running,
    absent,     ///< no process: the kubelet is restarting it, or it has completed
    not_seen,   ///< cannot be told: its name is not known, or the PID namespace is not shared
  };
  /// As of the last look. An empty name means the only other container.
  presence find(const std::string& name) const;
  /// The start of the oldest main process of another container.
  std::optional<instant> oldest_start() const;
  /// A process that no signal can end (state D), as "pid 17 (python) of container engine".
  std::optional<std::string> unkillable() const;
  /// Whether a container runs whose name nothing tells.
  bool has_nameless() const;
  /// Names by container id, from the Pod's status.
  void learn(std::map<std::string, std::string> names_by_id) { names_by_id_ = std::move(names_by_id); }
  const std::map<std::string, std::string>& names_by_id() const { return names_by_id_; }

 private:
  const process_table& table_;
  std::string own_;
  std::map<std::string, std::string> names_by_id_;
  std::vector<container_processes> seen_;
};

}  // namespace podmedic
