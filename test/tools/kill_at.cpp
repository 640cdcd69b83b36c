// kill-at NUMBER DIRECTORY COMMAND…: runs a program (of one thread), and from the moment on in which DIRECTORY/armed is
// there, kills it with SIGKILL at the so manieth of its system calls that leave a trace outside of it, before the
// kernel carries that one out. Once: then DIRECTORY/fired names the call. Its exit code is the program's, 128 + a
// signal.
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

namespace {

struct call {
  std::uint64_t number;
  std::string_view name;
};
/// What can change a file, another process, or what another process sees.
constexpr std::array<call, 20> lasting{{{SYS_write, "write"},
                                        {SYS_writev, "writev"},
                                        {SYS_pwrite64, "pwrite"},
                                        {SYS_sendto, "sendto"},
                                        {SYS_sendmsg, "sendmsg"},
                                        {SYS_connect, "connect"},
                                        {SYS_fsync, "fsync"},
                                        {SYS_rename, "rename"},
                                        {SYS_unlink, "unlink"},
                                        {SYS_mkdir, "mkdir"},
                                        {SYS_rmdir, "rmdir"},
                                        {SYS_ftruncate, "ftruncate"},
                                        {SYS_close_range, "close_range"},
                                        {SYS_clone, "clone"},
                                        {SYS_vfork, "vfork"},
                                        {SYS_fork, "fork"},
                                        {SYS_kill, "kill"},
                                        {SYS_pidfd_open, "pidfd_open"},
                                        {SYS_pidfd_send_signal, "pidfd_send_signal"},
                                        {SYS_exit_group, "exit_group"}}};

pid_t traced = 0;

void pass_on(int signal) {
  ::kill(traced, signal);
}

const call* entered() {
  __ptrace_syscall_info info{};
  if (::ptrace(PTRACE_GET_SYSCALL_INFO, traced, sizeof info, &info) <= 0) return nullptr;
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return nullptr;
  for (const call& one : lasting) {
    if (one.number == info.entry.nr) return &one;
  }
  return nullptr;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) return 2;
  const long at = std::strtol(arguments[1], nullptr, 10);
  const std::string armed = std::string(arguments[2]) + "/armed";
  const std::string fired = std::string(arguments[2]) + "/fired";
  if (::access(fired.c_str(), F_OK) == 0) {
    ::execv(arguments[3], arguments + 3);
    return 127;
  }
  traced = ::fork();
  if (traced == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::execv(arguments[3], arguments + 3);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(traced, &status, 0);  // stopped by its exec
  ::ptrace(PTRACE_SETOPTIONS, traced, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) std::signal(signal, pass_on);
  bool is_armed = false;
  long seen = 0;
  int forward = 0;
  while (true) {
    ::ptrace(PTRACE_SYSCALL, traced, nullptr, forward);
    forward = 0;
    while (::waitpid(traced, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
    if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
      forward = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
      continue;
    }
    const call* one = entered();
    if (one == nullptr) continue;
    is_armed = is_armed || ::access(armed.c_str(), F_OK) == 0;
    if (!is_armed) continue;
    if (++seen < at) continue;
    std::ofstream(fired) << one->name << '\n';
    ::kill(traced, SIGKILL);
  }
}
