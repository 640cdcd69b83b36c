#include "probes/probe_file.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace podmedic::probes {
namespace {

int open_in(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = RESOLVE_IN_ROOT;
  return static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
}

diagnosis could_not_open(const std::string& path, const std::string& where, int error) {
  const std::string what = errno_text("open", path, error) + where;
  if (error == ENOENT || error == ENOTDIR) return {"FileMissing", what};
  return {"FileUnreadable", what};
}

diagnosis no_way_in(const container_processes& container, int error) {
  const process& main = container.members.front();
  std::string what = errno_text("open the root of", "container " + container.name, error);
  if (error == EACCES || error == EPERM) {
    what += ": podmedic runs as uid " + std::to_string(::geteuid()) + " and needs the uid of its process " +
            std::to_string(main.pid) + " (" + main.command + "), or CAP_SYS_PTRACE: set the same runAsUser for both";
  }
  return {"ContainerNotReadable", what};
}

}  // namespace

std::variant<unique_fd, diagnosis> open_probe_file(const surroundings& around, const std::string& path, int flags) {
  flags |= O_RDONLY | O_CLOEXEC | ((flags & O_PATH) != 0 ? 0 : O_NOCTTY | O_NONBLOCK);  // openat2(2) takes no more
  if (!around.in_container) {
    unique_fd file(::open(path.c_str(), flags));
    if (!file) return could_not_open(path, "", errno);
    return file;
  }
  const auto found = around.processes.of(around.container);
  if (const auto* why = std::get_if<diagnosis>(&found)) return *why;
  const container_processes& container = *std::get<const container_processes*>(found);
  const std::string root = around.proc_root + "/" + std::to_string(container.members.front().pid) + "/root";
  const unique_fd directory(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return no_way_in(container, errno);
  unique_fd file(open_in(directory.get(), path, flags));
  if (!file) return could_not_open(path, " in container " + container.name, errno);
  return file;
}

std::variant<std::string, diagnosis> read_probe_file(const surroundings& around, const std::string& path,
                                                     std::size_t max_bytes) {
  auto opened = open_probe_file(around, path);
  if (auto* why = std::get_if<diagnosis>(&opened)) return std::move(*why);
  const unique_fd& file = std::get<unique_fd>(opened);
  std::string content;
  for (;;) {
    constexpr std::size_t chunk = 4096;
    const std::size_t before = content.size();
    if (before > max_bytes)
      return diagnosis{"FileTooLong", path + " is longer than " + std::to_string(max_bytes) + " bytes"};
    content.resize(before + chunk);
    const ssize_t got = ::read(file.get(), content.data() + before, chunk);
    if (got < 0 && errno == EINTR) {
      content.resize(before);
      continue;
    }
    if (got < 0) return diagnosis{"FileUnreadable", errno_text("read", path, errno)};
    content.resize(before + static_cast<std::size_t>(got));
    if (got == 0) return content;
  }
}

}  // namespace podmedic::probes
