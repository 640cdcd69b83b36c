#include "supervisor/containers.hpp"

#include "base/proc_stat.hpp"

#include <unistd.h>

#include <algorithm>

namespace podmedic {
namespace {

bool same_main(const container_processes& a, const container_processes& b) {
  return a.id == b.id && a.name == b.name && a.members.front().pid == b.members.front().pid &&
         a.members.front().started == b.members.front().started;
}

bool all_dead(const container_processes& group) {
  return std::all_of(group.members.begin(), group.members.end(), [](const process& p) { return p.state == 'Z'; });
}

}  // namespace

std::vector<containers::started> containers::look() {
  std::vector<container_processes> now = table_.containers(names_by_id_);
  std::erase_if(now, [this](const container_processes& group) {
    const bool ours =
        std::any_of(group.members.begin(), group.members.end(), [](const process& p) { return p.pid == ::getpid(); });
    return ours || group.name == own_ || group.members.empty() || all_dead(group);
  });
  std::vector<started> fresh;
  for (const container_processes& group : now) {
    const bool known =
        std::any_of(seen_.begin(), seen_.end(), [&](const container_processes& old) { return same_main(old, group); });
    if (!known) fresh.push_back({group.name, group.members.front().started});
  }
  seen_ = std::move(now);
  return fresh;
}

std::vector<containers::started> containers::running() const {
  std::vector<started> all;
  for (const container_processes& group : seen_) all.push_back({group.name, group.members.front().started});
  return all;
}

containers::presence containers::find(const std::string& name) const {
  if (!table_.shares_namespace()) return presence::not_seen;
  if (name.empty()) return seen_.empty() ? presence::absent : presence::running;
  for (const container_processes& group : seen_) {
    if (group.name == name) return presence::running;
  }
  return has_nameless() ? presence::not_seen : presence::absent;
}

std::variant<const container_processes*, diagnosis> containers::of(const std::string& container) const {
  const std::string who = container.empty() ? "the other container" : "container " + container;
  if (!table_.shares_namespace()) {
    return diagnosis{"ProcessesNotShared",
                     "podmedic cannot see the processes of " + who + ": set shareProcessNamespace: true"};
  }
  switch (find(container)) {
    case presence::running:
      if (container.empty() && seen_.size() > 1) {
        return diagnosis{"ContainerNotNamed", "the Pod has several other containers: set the probe's `container`"};
      }
      return &*std::max_element(seen_.begin(), seen_.end(), [&](const auto& a, const auto& b) {
        // Of two lives of a container the later: what an earlier one left behind may linger.
        const bool a_is_it = container.empty() || a.name == container;
        const bool b_is_it = container.empty() || b.name == container;
        if (a_is_it != b_is_it) return b_is_it;
        return a.members.front().started < b.members.front().started;
      });
    case presence::absent: break;
    case presence::not_seen:
      return diagnosis{"ContainerNotSeen", "nothing tells which processes are those of " + who +
                                               ": set PODMEDIC_CONTAINER in its environment and run it as podmedic's "
                                               "uid, or grant podmedic `get` on pods"};
  }
  return diagnosis{"NoProcess", who + " has no process: the kubelet is starting it, or it has completed"};
}

std::optional<instant> containers::oldest_start() const {
  std::optional<instant> oldest;
  for (const container_processes& group : seen_) {
    const instant start = group.members.front().started;
    if (!oldest || start < *oldest) oldest = start;
  }
  return oldest;
}

std::optional<std::string> containers::unkillable(std::string_view container) const {
  for (const container_processes& group : seen_) {
    if (!container.empty() && group.name != container) continue;
    for (const process& p : group.members) {
      const auto thread = uninterruptible_thread(p.pid);
      if (!thread) continue;
      const std::string which = *thread == p.pid ? "" : "thread " + std::to_string(*thread) + " of ";
      return which + "pid " + std::to_string(p.pid) + " (" + p.command + ") of container " + group.name +
             " is in uninterruptible sleep";
    }
  }
  return std::nullopt;
}

std::vector<process> containers::living(const std::string& id, const process& main) const {
  std::vector<process> alive;
  for (container_processes& group : table_.containers(names_by_id_)) {
    if (group.id != id || group.name != main.container_name) continue;
    for (process& one : group.members) {
      if (one.state != 'Z' && one.state != 'X' && one.pid != ::getpid()) alive.push_back(std::move(one));
    }
  }
  // A rehearsal has no ids that tell one life from the next; it ends all with the main process.
  const bool main_lives = std::any_of(alive.begin(), alive.end(), [&](const process& one) {
    return one.pid == main.pid && one.started == main.started;
  });
  if (id.empty() && !main_lives) alive.clear();
  return alive;
}

std::string containers::names() const {
  std::string all;
  for (const container_processes& group : seen_) {
    if (!group.name.empty()) all += (all.empty() ? "" : ", ") + group.name;
  }
  return all;
}

bool containers::has_nameless() const {
  return std::any_of(seen_.begin(), seen_.end(), [](const container_processes& g) { return g.name.empty(); });
}

}  // namespace podmedic
