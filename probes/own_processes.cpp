#include "probes/own_processes.hpp"

#include "base/files.hpp"

#include <unistd.h>

#include <cerrno>
#include <set>

namespace podmedic::probes {

std::vector<const process*> own_processes(const container_processes& container) {
  std::vector<const process*> own;
  std::set<pid_t> strangers;
  for (const process& one : container.members) {
    const bool is_main = &one == &container.members.front();
    const bool from_outside = one.parent == 0 || strangers.contains(one.parent);
    if (!is_main && from_outside) {
      strangers.insert(one.pid);  // a parent is older than its children, so it comes before them
    } else {
      own.push_back(&one);
    }
  }
  return own;
}

std::string missing_right(const std::string& what, const process& of, int error) {
  std::string text = errno_text(what, "", error) + " (" + of.command + ")";
  if (error == EACCES || error == EPERM) {
    text +=
        ": podmedic runs as uid " + std::to_string(::geteuid()) +
        " and needs the uid of that process and its capabilities, or CAP_SYS_PTRACE: set the same runAsUser for both";
  }
  return text;
}

}  // namespace podmedic::probes
