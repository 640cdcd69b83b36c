#include "base/process_table.hpp"

#include "base/container_id.hpp"
#include "base/files.hpp"
#include "base/proc_stat.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace podmedic {
namespace {

constexpr std::size_t max_environment = 2 * 1024 * 1024;  // as much as execve(2) takes with the usual stack limit
constexpr std::size_t max_cgroup_text = 64 * 1024;
constexpr std::size_t max_mountinfo = 1024 * 1024;
constexpr std::size_t name_attempts = 8;  // processes of one container asked for its name in one scan

/// Empty where the file cannot be read: the process vanished, or is another's.
std::string read_or_empty(const std::string& path, std::size_t max_bytes) {
  auto read = read_file(path, max_bytes);
  auto* text = std::get_if<std::string>(&read);
  return text == nullptr ? std::string() : std::move(*text);
}

/// The value of a variable in the text of /proc/PID/environ ("NAME=value\0…").
std::string variable_in(std::string_view environment, std::string_view name) {
  while (!environment.empty()) {
    const std::size_t end = std::min(environment.find('\0'), environment.size());
    std::string_view entry = environment.substr(0, end);
    environment.remove_prefix(std::min(end + 1, environment.size()));
    if (entry.starts_with(name) && entry.substr(name.size()).starts_with('=')) {
      return std::string(entry.substr(name.size() + 1));
    }
  }
  return {};
}

void put_main_process_first(std::vector<process>& members) {
  std::set<pid_t> pids;
  for (const process& one : members) pids.insert(one.pid);
  std::sort(members.begin(), members.end(), [&](const process& left, const process& right) {
    return std::tuple(left.started, pids.contains(left.parent), left.pid) <
           std::tuple(right.started, pids.contains(right.parent), right.pid);
  });
}

}  // namespace

proc_process_table::proc_process_table(std::string pod, std::string proc_root)
    : pod_(std::move(pod)), root_(std::move(proc_root)) {}

proc_process_table::home proc_process_table::read_home(const process& one) const {
  const std::string directory = root_ + "/" + std::to_string(one.pid);
  home found{.started = one.started};
  if (pod_.empty()) {
    found.id = container_id_in(read_or_empty(directory + "/cgroup", max_cgroup_text));
    return found;
  }
  const std::string environment = read_or_empty(directory + "/environ", max_environment);
  if (variable_in(environment, "PODMEDIC_POD") == pod_) found.name = variable_in(environment, "PODMEDIC_CONTAINER");
  return found;
}

void proc_process_table::find_home(process& one) const {
  auto known = homes_.find(one.pid);
  if (known == homes_.end() || known->second.started != one.started) {
    home found = read_home(one);
    // Not remembered until it is known: between fork and exec, and before the runtime has moved it into its cgroup, a
    // process still looks like its parent.
    if (found.id.empty() && found.name.empty()) return;
    known = homes_.insert_or_assign(one.pid, std::move(found)).first;
  }
  known->second.seen = scans_;
  one.container_id = known->second.id;
  one.container_name = known->second.name;
}

std::vector<process> proc_process_table::scan() const {
  ++scans_;
  std::vector<process> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(root_.c_str()), &::closedir);
  if (!directory) return found;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    process one;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), one.pid);
    if (error != std::errc() || end != name.data() + name.size()) continue;
    auto stat = read_proc_stat(one.pid, root_);
    if (!stat) continue;  // vanished
    one.parent = stat->parent;
    one.state = stat->state;
    one.started = stat->started;
    one.command = std::move(stat->command);
    find_home(one);
    found.push_back(std::move(one));
  }
  std::erase_if(homes_, [this](const auto& entry) { return entry.second.seen != scans_; });
  return found;
}

std::string proc_process_table::read_name(const container_processes& group) const {
  std::size_t attempts = 0;
  for (const process& one : group.members) {
    if (++attempts > name_attempts) break;
    const std::string path = root_ + "/" + std::to_string(one.pid) + "/environ";
    std::string name = variable_in(read_or_empty(path, max_environment), "PODMEDIC_CONTAINER");
    if (!name.empty()) return name;
  }
  // nginx, Redis and others write their title over their environment.
  return container_name_in(
      read_or_empty(root_ + "/" + std::to_string(group.members.front().pid) + "/mountinfo", max_mountinfo));
}

std::vector<container_processes> proc_process_table::containers(
    const std::map<std::string, std::string>& names_by_id) const {
  std::vector<process> all = scan();

  // A process that died before a scan saw it alive has no cgroup left on v1; its parent tells the container.
  std::unordered_map<pid_t, std::string> ids;
  for (const process& one : all) ids.emplace(one.pid, one.container_id);
  for (process& one : all) {
    const auto parent = ids.find(one.parent);
    if (one.state == 'Z' && one.container_id.empty() && parent != ids.end()) one.container_id = parent->second;
  }

  const std::string sandbox = shares_namespace() && ids.contains(1) ? ids[1] : std::string();
  std::map<std::pair<std::string, std::string>, container_processes> groups;  // by id and, in a rehearsal, name
  for (process& one : all) {
    if (one.container_id.empty() && one.container_name.empty()) continue;
    if (!sandbox.empty() && one.container_id == sandbox) continue;
    container_processes& group = groups[{one.container_id, one.container_name}];
    group.id = one.container_id;
    group.name = one.container_name;
    group.members.push_back(std::move(one));
  }

  std::erase_if(names_, [&](const auto& entry) { return !groups.contains({entry.first, {}}); });
  std::vector<container_processes> found;
  for (auto& [key, group] : groups) {
    put_main_process_first(group.members);
    if (group.name.empty()) {
      const auto told = names_by_id.find(group.id);
      std::string& remembered = names_[group.id];
      if (told != names_by_id.end()) remembered = told->second;
      if (remembered.empty()) remembered = read_name(group);
      group.name = remembered;
    }
    for (process& one : group.members) one.container_name = group.name;
    found.push_back(std::move(group));
  }
  return found;
}

bool proc_process_table::shares_namespace() const {
  if (!pod_.empty()) return true;  // a rehearsal's containers are processes beside each other
  if (shares_) return *shares_;    // asked before each check
  if (::getpid() == 1) return false;
  const std::string own = read_or_empty(root_ + "/self/cgroup", max_cgroup_text);
  const std::string first = read_or_empty(root_ + "/1/cgroup", max_cgroup_text);
  if (first.empty()) return false;
  shares_ = first != own;  // the same: an init process of podmedic's own container
  return *shares_;
}

bool proc_process_table::sees_the_node() const {
  if (!pod_.empty()) return false;
  if (!node_) node_ = container_id_in(read_or_empty(root_ + "/1/cgroup", max_cgroup_text)).empty();
  return *node_;
}

std::optional<milliseconds> proc_process_table::sandbox_age(instant now) const {
  if (!pod_.empty() || !shares_namespace()) return std::nullopt;
  const auto pause = read_proc_stat(1, root_);
  if (!pause) return std::nullopt;
  return now - pause->started;
}

}  // namespace podmedic
