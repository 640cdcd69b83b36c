#include "base/signal_process.hpp"

#include "base/files.hpp"
#include "base/proc_stat.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace podmedic {

// By syscall(2): glibc 2.36 has pidfd_open and pidfd_send_signal, musl has not.
int signal_process(pid_t pid, instant started, int signal) {
  const unique_fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return errno;
  const auto now = read_proc_stat(pid);
  if (!now || now->started != started) return ESRCH;
  if (::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) != 0) return errno;
  return 0;
}

}  // namespace podmedic
