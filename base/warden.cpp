#include "base/warden.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>

namespace podmedic {
namespace {

constexpr int patience_seconds = 5;  // for what was killed to go; longer only in D state

std::time_t now_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

/// Takes the ends of what has ended: false where there is no child any more. The program's goes to `program_status`.
bool reap(pid_t program, int& program_status) {
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG | __WALL);
    if (ended == program) program_status = status;
    if (ended == 0) return true;
    if (ended < 0) return errno != ECHILD;
  }
}

/// A child's number is its own until it is reaped, which only we do: so no other process can be hit.
void kill_children() {
  const int file = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  std::array<char, 4096> text{};
  pid_t pid = 0;
  for (ssize_t size = 0; (size = ::read(file, text.data(), text.size())) > 0;) {
    for (ssize_t i = 0; i < size; ++i) {
      const char digit = text.at(static_cast<std::size_t>(i));
      if (digit >= '0' && digit <= '9') {
        pid = pid * 10 + (digit - '0');
      } else if (pid > 0) {
        ::kill(pid, SIGKILL);
        pid = 0;
      }
    }
  }
  ::close(file);
}

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

[[noreturn]] void watch_over(pid_t program, const sigset_t& awaited) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::syscall(SYS_close_range, 3U, ~0U,
            0U);  // the program's output, and what would tell podmedic of its exec, among them
  int status = 0;
  bool told = false;
  while (!told && ::waitpid(program, &status, WNOHANG) == 0) {
    const int signal = ::sigwaitinfo(&awaited, nullptr);
    told = signal == SIGTERM;
    if (told) ::kill(program, SIGKILL);
    if (signal == SIGCHLD) {  // orphans that have ended by themselves are no concern, but must be reaped
      siginfo_t seen{};
      while (::waitid(P_ALL, 0, &seen, WEXITED | WNOHANG | WNOWAIT) == 0 && seen.si_pid != 0 &&
             seen.si_pid != program) {
        ::waitpid(seen.si_pid, nullptr, WNOHANG);
        seen.si_pid = 0;
      }
    }
  }
  const std::time_t give_up = now_seconds() + patience_seconds;
  while (reap(program, status) && now_seconds() < give_up) {
    kill_children();
    const timespec soon{.tv_sec = 0, .tv_nsec = 1'000'000};
    ::sigtimedwait(&awaited, nullptr, &soon);  // the next end, or soon
  }
  ::_exit(told ? 128 + SIGKILL : exit_code_of(status));
}

}  // namespace

bool become_warden() {
  sigset_t awaited;
  ::sigemptyset(&awaited);
  ::sigaddset(&awaited, SIGTERM);
  ::sigaddset(&awaited, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &awaited, nullptr);
  ::signal(SIGTERM, SIG_DFL);
  ::signal(SIGCHLD, SIG_DFL);
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return false;
  const pid_t program = ::fork();
  if (program < 0) return false;
  if (program > 0) watch_over(program, awaited);
  return true;
}

}  // namespace podmedic
