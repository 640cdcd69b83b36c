#include "supervisor/drain.hpp"

#include "base/clock.hpp"
#include "base/foreign_text.hpp"
#include "base/tcp_connections.hpp"
#include "supervisor/metric_page.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cmath>
#include <memory>

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

asio::awaitable<std::optional<std::string>> drain::run_hooks(const config::configuration& use, config::hook_phase phase,
                                                             milliseconds limit, on_output keep) {
  bool failed = false;
  auto running = run_each(use, phase, limit, std::move(keep), failed);
  co_return co_await std::move(running);
}

asio::awaitable<bool> drain::undo(const config::configuration& use) {
  bool failed = false;
  auto running = run_each(use, config::hook_phase::cancelled, use.rules.drain.timeout, {}, failed);
  co_await std::move(running);
  co_return !failed;
}

asio::awaitable<std::optional<std::string>> drain::run_each(const config::configuration& use, config::hook_phase phase,
                                                            milliseconds limit, on_output keep, bool& failed) {
  const instant deadline = boot_now() + limit;
  for (const config::hook_entry& entry : use.hooks) {
    if (entry.phase != phase) continue;
    const milliseconds left = std::min(entry.timeout, deadline - boot_now());
    std::optional<std::string> error = "no time was left for it";
    std::string output;
    if (left.count() > 0) {
      hooks::surroundings around = around_;
      if (keep) around.output = &output;
      const auto hook = entry.spec.make(around);
      error = co_await hook->run(left);
    }
    if (keep) {
      if (error) output += (output.empty() ? "[podmedic: " : "\n[podmedic: ") + *error + "]\n";
      if (!output.empty()) keep(entry.name, std::move(output));
    }
    if (!error) continue;
    failed = true;
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
  co_await wait_for_in_flight(use, deadline);
  co_return std::nullopt;
}

asio::awaitable<void> drain::wait_for_in_flight(const config::configuration& use, instant deadline) {
  constexpr milliseconds between_looks{100};
  constexpr milliseconds gauge_time{1'000};
  constexpr int most_failures = 3;
  const std::vector<std::uint16_t>& ports = use.rules.drain.in_flight_ports;
  bool gauge_counts = use.in_flight.has_value();
  int failures = 0;
  while (!ports.empty() || gauge_counts) {
    const auto counted = count_established(ports, own_socket_inodes());
    if (const auto* error = std::get_if<file_error>(&counted)) {
      report_("inFlight", error->message);
      co_return;
    }
    double in_flight = static_cast<double>(std::get<std::size_t>(counted));
    if (gauge_counts) {
      const milliseconds left = std::clamp(deadline - boot_now(), milliseconds(1), gauge_time);
      auto reading = read_gauge(*use.in_flight, left);
      const auto gauge = co_await std::move(reading);
      if (const auto* why = std::get_if<std::string>(&gauge)) {
        gauge_counts = ++failures < most_failures;
        if (!gauge_counts) report_("inFlight", *why);
        in_flight += gauge_counts ? 1 : 0;  // not known, so not zero
      } else {
        failures = 0;
        in_flight += std::max(std::get<double>(gauge), 0.0);
      }
    }
    in_flight_ = static_cast<std::size_t>(std::min(std::ceil(in_flight), 1e9));
    if (*in_flight_ == 0 || boot_now() >= deadline) co_return;
    co_await sleep_for(std::min(between_looks, deadline - boot_now()));
  }
}

asio::awaitable<std::variant<double, std::string>> drain::read_gauge(const config::in_flight_metric& from,
                                                                     milliseconds timeout) {
  http_request request;
  request.url = from.url;
  request.timeout = timeout;
  auto reading = read_metric_page(around_.http, std::move(request), {from.gauge});
  const auto page = co_await std::move(reading);
  if (const auto* why = std::get_if<std::string>(&page)) co_return *why;
  const auto& found = std::get<std::vector<probes::selected_metric>>(page);
  const auto value = probes::value_of(from.gauge, found.front());
  if (const auto* why = std::get_if<diagnosis>(&value)) co_return foreign_text(from.url) + ": " + why->message;
  co_return std::get<double>(value);
}

}  // namespace podmedic
