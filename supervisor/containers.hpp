#pragma once
#include "base/process_table.hpp"
#include "probes/probe.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace podmedic {

/// The Pod's other containers as their processes show them: who has a process, and who has a new main process.
class containers final : public probes::pod_processes {
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
    absent,    ///< no process: the kubelet is restarting it, or it has completed
    not_seen,  ///< cannot be told: its name is not known, or the PID namespace is not shared
  };
  /// All that have a process, as of the last look.
  const std::vector<container_processes>& seen() const { return seen_; }
  /// As of the last look. An empty name means the only other container.
  presence find(const std::string& name) const;
  std::variant<const container_processes*, diagnosis> of(const std::string& container) const override;
  /// The start of the oldest main process of another container.
  std::optional<instant> oldest_start() const;
  /// A process that no signal can end (state D), as "pid 17 (python) of container engine"; of that container alone, or
  /// of all where it is empty.
  std::optional<std::string> unkillable(std::string_view container) const;
  /// The living processes of this life of a container, that `main` began. One scan of /proc of its own.
  std::vector<process> living(const std::string& id, const process& main) const;
  /// Those that are seen, with commas between.
  std::string names() const;
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
