#include "supervisor/drain.hpp"

#include "base/clock.hpp"
#include "base/tcp_connections.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace podmedic {
namespace asio = boost::asio;
namespace {

asio::awaitable<void> sleep_for(milliseconds duration) {
  if (duration.count() <= 0) co_return;
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, duration);
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace

asio::awaitable<std::optional<std::string>> drain::run_hooks(const config::configuration& use,
                                                             config::hook_phase phase, milliseconds limit) {
  const instant deadline = boot_now() + limit;
  for (const config::hook_entry& entry : use.hooks) {
    if (entry.phase != phase) continue;
    const milliseconds left = std::min(entry.timeout, deadline - boot_now());
    std::optional<std::string> error = "no time was left for it";
    if (left.count() > 0) {
      const auto hook = entry.spec.make(around_);
      error = co_await hook->run(left);
    }
    if (!error) continue;
    report_(entry.name, *error);
    if (entry.on_error == config::on_hook_error::abort) co_return "hook " + entry.name + ": " + *error;
  }
  co_return std::nullopt;
}

asio::awaitable<std::optional<std::string>> drain::run(const config::configuration& use, instant left_readiness) {
  const policy::drain_rules& rules = use.rules.drain;
  const instant deadline = boot_now() + rules.timeout;
  std::optional<std::string> aborted = co_await run_hooks(use, config::hook_phase::drain, rules.timeout);
  if (aborted) co_return aborted;
  co_await sleep_for(std::min(left_readiness + rules.settle, deadline) - boot_now());
  co_await wait_for_in_flight(rules.in_flight_ports, deadline);
  co_return std::nullopt;
}

asio::awaitable<void> drain::wait_for_in_flight(const std::vector<std::uint16_t>& ports, instant deadline) {
  if (ports.empty()) co_return;
  constexpr milliseconds between_looks{100};
  for (;;) {
    const auto counted = count_established(ports, own_socket_inodes());
    const auto* connections = std::get_if<std::size_t>(&counted);
    if (connections == nullptr) {
      report_("inFlight", std::get<file_error>(counted).message);
      co_return;
    }
    in_flight_ = *connections;
    if (*connections == 0 || boot_now() >= deadline) co_return;
    co_await sleep_for(std::min(between_looks, deadline - boot_now()));
  }
}

}  // namespace podmedic
