#pragma once
#include "base/time.hpp"

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace podmedic {

/// One process that podmedic can see (proc(5)).
struct process {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = '?';            ///< R S D T Z … as in /proc/PID/stat
  instant started{};           ///< from /proc/PID/stat's starttime; with the pid it identifies a process
  std::string container_id;    ///< from /proc/PID/cgroup; empty where there is none
  std::string container_name;  ///< from PODMEDIC_CONTAINER in its environment; empty where that cannot be read
  std::string command;         ///< /proc/PID/comm
};

/// What one look at /proc showed, by container.
struct container_processes {
  std::string name;              ///< empty where nothing tells it
  std::string id;
  std::vector<process> members;  ///< oldest first; the first one is the container's main process
};

/// Sees the Pod's processes through its shared PID namespace.
///
/// A container's name comes from the environment variable PODMEDIC_CONTAINER of any process of the same uid, or from
/// the Pod's status through names_by_id. In a rehearsal, where there are no cgroups of its own, PODMEDIC_CONTAINER
/// together with PODMEDIC_POD groups processes without an id.
class process_table {
 public:
  virtual ~process_table() = default;
  /// One scan of /proc; the caller shares it among all that need it in the same tick. Never throws for processes that
  /// vanish meanwhile.
  virtual std::vector<container_processes> containers(const std::map<std::string, std::string>& names_by_id) const = 0;
  /// Whether other containers' processes can be seen at all: PID 1 is not podmedic itself, and not its own container's.
  virtual bool shares_namespace() const = 0;
  /// How long ago the Pod's sandbox was made (PID 1's age), where the PID namespace is shared.
  virtual std::optional<milliseconds> sandbox_age(instant now) const = 0;
};

/// The table of the kernel. `pod` is the value of PODMEDIC_POD in a rehearsal, else empty.
class proc_process_table final : public process_table {
 public:
  explicit proc_process_table(std::string pod = {}, std::string proc_root = "/proc");
  std::vector<container_processes> containers(const std::map<std::string, std::string>& names_by_id) const override;
  bool shares_namespace() const override;
  std::optional<milliseconds> sandbox_age(instant now) const override;

 private:
  std::string pod_;
  std::string root_;
};

}  // namespace podmedic
