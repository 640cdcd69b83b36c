#pragma once
#include "base/verdict.hpp"
#include "probes/probe.hpp"
#include "supervisor/config/configuration.hpp"
#include "supervisor/latencies.hpp"
#include "supervisor/policy/pace.hpp"
#include "supervisor/recent_checks.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace podmedic {

/// The words for the alternatives of verdict, by index.
inline constexpr std::array<std::string_view, 3> verdict_names{"Pass", "Fail", "Unknown"};

/// Runs one probe: first at once (a few milliseconds apart from the others), then every period, the second time at a
/// random point of it so that probes do not beat in step. One check in flight.
class probe_loop {
 public:
  struct last_check {
    check_result result;
    wall_time at;
  };
  /// Asked before each check: why there is nobody to ask; then the check is Unknown without asking.
  using nobody_there = std::function<std::optional<diagnosis>()>;
  using on_result = std::function<void(probe_loop&, const check_result&)>;

  probe_loop(boost::asio::io_context& context, const config::probe_entry& entry, probes::surroundings around,
             nobody_there nobody, on_result report);

  /// Until cancelled. `position` spreads the first checks.
  boost::asio::awaitable<void> run(std::size_t position, std::uint64_t seed);
  /// Check as soon as the check that is in flight now has ended.
  void check_now();
  /// A live edit of the times; the target is fixed.
  void use(const config::probe_entry& entry);
  /// Check at least that often; nothing: every period.
  void hurry(std::optional<milliseconds> at_most) { hurried_period_ = at_most; }

  const std::string& name() const { return name_; }
  const std::optional<last_check>& last() const { return last_; }
  std::uint64_t checks(std::size_t verdict_index) const { return checks_[verdict_index]; }
  double seconds_in_checks() const { return seconds_in_checks_; }
  const latencies& passed_in() const { return passed_in_; }
  const recent_checks& recent() const { return recent_; }

 private:
  boost::asio::awaitable<void> sleep_until(std::chrono::steady_clock::time_point when);
  boost::asio::awaitable<check_result> check();

  std::string name_;
  probes::surroundings around_;  // a probe may refer to it as long as it lives
  std::unique_ptr<probes::probe> probe_;
  milliseconds period_;
  milliseconds timeout_;
  milliseconds initial_delay_;
  std::optional<milliseconds> hurried_period_;
  policy::pace pace_;
  nobody_there nobody_;
  on_result report_;
  boost::asio::steady_timer timer_;
  bool wanted_now_ = false;
  std::optional<last_check> last_;
  std::uint64_t checks_[3] = {0, 0, 0};
  double seconds_in_checks_ = 0;
  latencies passed_in_;
  recent_checks recent_;
};

}  // namespace podmedic
