#pragma once
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace podmedic::probes {

/// What /proc/PID/fdinfo/N tells of a descriptor (proc(5)).
struct fd_info {
  std::int64_t offset = 0;
  int flags = 0;  ///< those of open(2)
};
/// Nothing where the text is not of that form.
std::optional<fd_info> parse_fd_info(std::string_view text);

/// A regular file that a process has open for reading alone.
struct open_descriptor {
  pid_t pid = 0;
  int number = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t offset = 0;
  std::int64_t size = 0;  ///< looked at after the offset, so that it is not smaller unless the file was truncated
};

/// That descriptor, or nothing where it is none of that kind (any more), or errno where a right is missing.
std::variant<std::optional<open_descriptor>, int> look_at_descriptor(const std::string& proc_root, pid_t pid,
                                                                     int number);

/// Looks at the regular files that a process has open, at most `limit` descriptors. `is_wanted` chooses by device and
/// inode, and may ask for the name (readlink(2), so with " (deleted)"). `found` gets those chosen that are open for
/// reading alone. Returns how many descriptors there were; errno, negative, where a right is missing. A process that
/// vanishes meanwhile has none.
int for_each_open_file(const std::string& proc_root, pid_t pid, int limit,
                       const std::function<bool(std::uint64_t device, std::uint64_t inode,
                                                const std::function<std::string()>& name)>& is_wanted,
                       const std::function<void(const open_descriptor&)>& found);

}  // namespace podmedic::probes
