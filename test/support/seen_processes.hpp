#pragma once
#include "base/proc_stat.hpp"
#include "base/process_table.hpp"

#include <initializer_list>
#include <stdexcept>
#include <string>

namespace podmedic::test {

/// A container of these running processes, as the shared scan would show them now. The first one is the main process.
inline container_processes seen_processes(const std::string& name, std::initializer_list<pid_t> pids) {
  container_processes found{name, "id-of-" + name, {}};
  for (const pid_t pid : pids) {
    const auto stat = read_proc_stat(pid);
    if (!stat) throw std::runtime_error("no process " + std::to_string(pid));
    found.members.push_back({pid, stat->parent, stat->state, stat->started, found.id, name, stat->command});
  }
  return found;
}

}  // namespace podmedic::test
