#include "supervisor/containers.hpp"

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
    const bool ours = std::any_of(group.members.begin(), group.members.end(),
                                  [](const process& p) { return p.pid == ::getpid(); });
    return ours || group.name == own_ || group.members.empty() || all_dead(group);
  });
  std::vector<started> fresh;
  for (const container_processes& group : now) {
    const bool known = std::any_of(seen_.begin(), seen_.end(),
                                   [&](const container_processes& old) { return same_main(old, group); });
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

std::optional<instant> containers::oldest_start() const {
  std::optional<instant> oldest;
  for (const container_processes& group : seen_) {
    const instant start = group.members.front().started;
    if (!oldest || start < *oldest) oldest = start;
  }
  return oldest;
}

std::optional<std::string> containers::unkillable() const {
  for (const container_processes& group : seen_) {
    for (const process& p : group.members) {
      if (p.state == 'D') {
        return "pid " + std::to_string(p.pid) + " (" + p.command + ") of container " + group.name +
               " is in uninterruptible sleep";
      }
    }
  }
  return std::nullopt;
}

bool containers::has_nameless() const {
  return std::any_of(seen_.begin(), seen_.end(), [](const container_processes& g) { return g.name.empty(); });
}

}  // namespace podmedic
