#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What the kernel writes about a container's memory (cgroups(7); Documentation/admin-guide/cgroup-v2.rst, and
/// cgroup-v1/memory.rst): pure.
namespace podmedic::probes {

struct memory_cgroup {
  bool v2 = false;
  std::string directory;  ///< in the process's own mounts
};

/// Where a process finds its memory cgroup, from its /proc/PID/cgroup and /proc/PID/mountinfo. Both are written as the
/// reader's cgroup namespace sees them, so what they have in common falls out, whatever the view. Nothing where none is
/// mounted.
std::optional<memory_cgroup> find_memory_cgroup(std::string_view cgroup, std::string_view mountinfo);

/// A file that holds a number of bytes; nothing for `max`, and for what v1 writes where there is no limit.
std::optional<std::int64_t> parse_bytes(std::string_view text);

/// Of memory.stat.
struct memory_stat {
  std::int64_t reclaimable = 0;  ///< page cache, in use or not, and on v2 slab: the kernel drops it before it kills
  std::optional<std::int64_t> limit;  ///< v1: the smallest of its own and its parents'
};
std::optional<memory_stat> parse_memory_stat(std::string_view text, bool v2);

}  // namespace podmedic::probes
