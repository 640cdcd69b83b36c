#include "supervisor/stopping.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/proc_stat.hpp"
#include "base/signal_process.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <csignal>
#include <string>
#include <system_error>

namespace podmedic {
namespace asio = boost::asio;
namespace {

using policy::graceful_stop;
constexpr milliseconds between_scans{100};  // of /proc, which show what was started anew
constexpr milliseconds between_looks{5};

void ask_to_end(const graceful_stop::life& one) {
  const int error = ask_to_end(one.pid, one.started);
  log::info("SIGTERM", {{"container", one.container},
                        {"pid", std::to_string(one.pid)},
                        {"result", error == 0 ? "sent" : std::generic_category().message(error)}});
}

bool has_ended(const graceful_stop::life& one) {
  const auto now = read_proc_stat(one.pid);
  return !now || now->started != one.started || now->state == 'Z' || now->state == 'X';
}

}  // namespace

asio::awaitable<void> stop_gracefully(graceful_stop plan, look_at_lives look) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    const std::vector<graceful_stop::life> alive = look();
    for (const graceful_stop::life& one : plan.look(alive, boot_now())) ask_to_end(one);
    if (plan.over()) co_return;
    const instant scan_again = boot_now() + between_scans;
    do {
      timer.expires_after(between_looks);
      co_await timer.async_wait(asio::use_awaitable);
    } while (boot_now() < scan_again && std::none_of(alive.begin(), alive.end(), has_ended));
  }
}

}  // namespace podmedic
