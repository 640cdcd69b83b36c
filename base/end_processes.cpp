#include "base/end_processes.hpp"

#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/signal_process.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>

namespace podmedic {
namespace asio = boost::asio;
namespace {

constexpr milliseconds between_looks{100};

std::string name_of(const process& one) {
  return "pid " + std::to_string(one.pid) + " (" + one.command + ")";
}

bool may_be_signalled(const process& one) {
  return one.pid > 1 && one.pid != ::getpid();
}

bool is_same(const process& a, const process& b) {
  return a.pid == b.pid && a.started == b.started;
}

/// SIGKILL to each; of the first that is still there: why.
std::string kill_all(const std::vector<process>& all) {
  std::string first;
  for (const process& one : all) {
    const int error = may_be_signalled(one) ? signal_process(one.pid, one.started, SIGKILL) : EPERM;
    if (error == ESRCH || !first.empty()) continue;
    first = name_of(one) + (error != 0         ? " cannot be signalled: " + errno_text("kill", name_of(one), error)
                            : one.state == 'D' ? " is in uninterruptible sleep, so no signal can end it"
                                               : " has not ended by SIGKILL");
  }
  return first;
}

/// The effective uid in /proc/PID/status; its owner in /proc may be root where the process is not dumpable (proc(5)).
std::optional<unsigned> uid_of(pid_t pid) {
  const auto read = read_file("/proc/" + std::to_string(pid) + "/status", 64 * 1024);
  const auto* text = std::get_if<std::string>(&read);
  if (text == nullptr) return std::nullopt;
  constexpr std::string_view field = "\nUid:\t";
  const std::size_t at = text->find(field);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t effective = text->find('\t', at + field.size());
  if (effective == std::string::npos) return std::nullopt;
  unsigned uid = 0;
  const char* const end = text->data() + text->size();
  if (std::from_chars(text->data() + effective + 1, end, uid).ec != std::errc()) return std::nullopt;
  return uid;
}

}  // namespace

asio::awaitable<std::optional<std::string>> end_processes(process main, living_processes look, ending_times times) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  if (!may_be_signalled(main)) co_return name_of(main) + " is none that podmedic ends";
  const instant grace_ends = boot_now() + times.grace;
  const int error = ask_to_end(main.pid, main.started);
  if (error != 0 && error != ESRCH) co_return errno_text("SIGTERM to", name_of(main), error);
  std::optional<instant> give_up_at;
  for (;;) {
    const std::vector<process> left = look();
    if (left.empty()) co_return std::nullopt;
    const bool main_ended = std::none_of(left.begin(), left.end(), [&](const process& p) { return is_same(p, main); });
    if (main_ended || boot_now() >= grace_ends) {
      const std::string why = kill_all(left);
      if (!give_up_at) give_up_at = boot_now() + times.after_kill;
      if (boot_now() >= *give_up_at) co_return why.empty() ? name_of(left.front()) + " is still there" : why;
    }
    timer.expires_after(between_looks);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

std::optional<std::string> why_not_signal(const process& one) {
  const int error = signal_process(one.pid, one.started, 0);
  if (error == 0 || error == ESRCH) return std::nullopt;
  if (error != EPERM) return errno_text("signal", name_of(one), error);
  const std::optional<unsigned> uid = uid_of(one.pid);
  return "podmedic (uid " + std::to_string(::geteuid()) + ") may not signal " + name_of(one) +
         (uid ? ", uid " + std::to_string(*uid) : "") +
         ": give both the same securityContext.runAsUser, or run podmedic as uid 0 with the capability KILL";
}

}  // namespace podmedic
