#pragma once
#include "base/http_client.hpp"
#include "base/process_table.hpp"
#include "supervisor/config/configuration.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>

namespace podmedic {

/// Carries out hooks and the waits of a drain. Each function is one coroutine that can be cancelled at any await.
class drain {
 public:
  /// Told for each hook that failed: its name, and what went wrong.
  using on_error = std::function<void(const std::string& hook, const std::string& error)>;

  drain(hooks::surroundings around, on_error report) : around_(around), report_(std::move(report)) {}

  /// Runs the hooks of a phase in the order of their names, all within `limit`. Text: a hook with onError: Abort failed,
  /// and those after it did not run.
  boost::asio::awaitable<std::optional<std::string>> run_hooks(const config::configuration& use, config::hook_phase phase,
                                                               milliseconds limit);
  /// The whole drain, after readiness was left at `left_readiness`: Drain hooks, settling, in-flight work to zero, all
  /// within rules.drain.timeout. Text: aborted by a hook.
  boost::asio::awaitable<std::optional<std::string>> run(const config::configuration& use, instant left_readiness);

  /// Connections seen in flight at the last look; for /metrics.
  std::optional<std::size_t> in_flight() const { return in_flight_; }

 private:
  boost::asio::awaitable<void> wait_for_in_flight(const std::vector<std::uint16_t>& ports, instant deadline);
  hooks::surroundings around_;
  on_error report_;
  std::optional<std::size_t> in_flight_;
};

}  // namespace podmedic
