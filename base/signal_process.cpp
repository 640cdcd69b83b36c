#include "base/signal_process.hpp"

#include "base/files.hpp"
#include "base/proc_stat.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

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

int ask_to_end(pid_t pid, instant started) {
  const int error = signal_process(pid, started, SIGTERM);
  if (error == 0) signal_process(pid, started, SIGCONT);
  return error;
}

}  // namespace podmedic
