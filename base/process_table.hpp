#pragma once
#include "base/time.hpp"

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace podmedic {

/// One process that podmedic can see (proc(5)).
struct process {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = '?';            ///< R S D T Z … as in /proc/PID/stat
  instant started{};           ///< from /proc/PID/stat's starttime; with the pid it identifies a process
  std::string container_id;    ///< from /proc/PID/cgroup; empty where there is none
  std::string container_name;  ///< its container's name; empty where nothing tells it
  std::string command;         ///< /proc/PID/comm
};

/// What one look at /proc showed, by container.
struct container_processes {
  std::string name;  ///< empty where nothing tells it
  std::string id;
  std::vector<process> members;  ///< oldest first; the first one is the container's main process
};

/// Sees the Pod's processes through its shared PID namespace.
///
/// A container's name comes from the Pod's status through names_by_id, or else from the environment variable
/// PODMEDIC_CONTAINER of any of its processes that podmedic may read (same uid; proc(5), environ), or else from what
/// the kubelet has mounted into it (container_name_in). In a rehearsal, where there are no cgroups of its own,
/// PODMEDIC_CONTAINER together with PODMEDIC_POD groups processes without an id.
///
/// The main process is the oldest one: the runtime starts it, and it is older than all that it and kubectl exec start.
/// What started within the same tick of the kernel's clock (10 ms) is told apart by the parent: the main process's is
/// outside the container.
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
///
/// Costs three system calls a process and scan; the container of a process is read once and remembered (so a zombie,
/// whose cgroup v1 no longer tells it, keeps its container). The sandbox's own process (pause) is in none.
class proc_process_table final : public process_table {
 public:
  explicit proc_process_table(std::string pod = {}, std::string proc_root = "/proc");
  std::vector<container_processes> containers(const std::map<std::string, std::string>& names_by_id) const override;
  bool shares_namespace() const override;
  std::optional<milliseconds> sandbox_age(instant now) const override;
  /// Whether PID 1 is in no container (hostPID): then containers of other Pods are seen too.
  bool sees_the_node() const;

 private:
  /// Where a process belongs; never changes for a (pid, started).
  struct home {
    instant started{};
    std::string id;          ///< of the container; empty in a rehearsal
    std::string name;        ///< known here in a rehearsal only
    std::uint64_t seen = 0;  ///< the scan that saw it last
  };
  std::vector<process> scan() const;
  void find_home(process& one) const;
  home read_home(const process& one) const;
  std::string read_name(const container_processes& group) const;

  std::string pod_;
  std::string root_;
  // What earlier scans found out: nothing that a caller could see, so containers() stays const.
  mutable std::unordered_map<pid_t, home> homes_;
  mutable std::unordered_map<std::string, std::string> names_;  ///< by container id
  mutable std::uint64_t scans_ = 0;
  mutable std::optional<bool> node_;
  mutable std::optional<bool> shares_;  ///< neither podmedic nor PID 1 ever changes its namespace or cgroup
};

}  // namespace podmedic
