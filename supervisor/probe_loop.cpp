#include "supervisor/probe_loop.hpp"

#include "base/clock.hpp"
#include "supervisor/policy/back_off.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>

namespace podmedic {
namespace asio = boost::asio;
using std::chrono::steady_clock;
namespace {

constexpr milliseconds lateness_allowed{250};

}  // namespace

probe_loop::probe_loop(asio::io_context& context, const config::probe_entry& entry, probes::surroundings around,
                       nobody_there nobody, on_result report)
    : name_(entry.name),
      around_(std::move(around)),
      probe_(entry.spec.make(around_)),
      nobody_(std::move(nobody)),
      report_(std::move(report)),
      timer_(context) {
  use(entry);
}

void probe_loop::use(const config::probe_entry& entry) {
  period_ = entry.period;
  timeout_ = entry.timeout;
  initial_delay_ = entry.initial_delay;
}

void probe_loop::check_now() {
  wanted_now_ = true;
  timer_.cancel();
}

asio::awaitable<void> probe_loop::sleep_until(steady_clock::time_point when) {
  if (wanted_now_) co_return;
  timer_.expires_at(when);
  co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<check_result> probe_loop::check() {
  std::optional<diagnosis> nobody = nobody_();
  if (nobody) {
    const verdict found = unknown{std::move(*nobody)};
    recent_.add(found.index(), milliseconds(0));
    co_return check_result{found, milliseconds(0)};
  }
  const auto began = steady_clock::now();
  verdict found = unknown{};
  try {
    found = co_await probe_->check(timeout_);
  } catch (const std::exception& e) {  // a fault of podmedic's own must not look like one of the target's
    found = unknown{{"ProbeFault", e.what()}};
  }
  const auto took = steady_clock::now() - began;
  if (std::holds_alternative<fail>(found) && took > timeout_ + lateness_allowed) {
    // Podmedic was stopped, or got no CPU: the answer may have lain there while it could not look.
    found = unknown{{"PodmedicLate", "the check took " + to_text(std::chrono::duration_cast<milliseconds>(took)) +
                                         " of podmedic's own time, for a timeout of " + to_text(timeout_) +
                                         ": raise its CPU request"}};
  }
  if (std::holds_alternative<pass>(found)) passed_in_.add(took);
  recent_.add(found.index(), took);
  seconds_in_checks_ += std::chrono::duration<double>(took).count();
  co_return check_result{std::move(found), std::chrono::duration_cast<milliseconds>(took)};
}

asio::awaitable<void> probe_loop::run(std::size_t position, std::uint64_t seed) {
  constexpr milliseconds apart{2};
  auto next = steady_clock::now() + initial_delay_ + apart * static_cast<int>(position);
  policy::random_source random(seed);
  for (bool first = true;; first = false) {
    co_await sleep_until(next);
    wanted_now_ = false;
    const auto began = steady_clock::now();
    check_result result = co_await check();
    ++checks_[result.found.index()];
    last_ = last_check{result, wall_now()};
    report_(*this, result);
    const milliseconds period = pace_.after(result.found, std::min(period_, hurried_period_.value_or(period_)));
    next = first ? began + milliseconds(random.between(period.count() / 2, period.count())) : began + period;
  }
}

}  // namespace podmedic
