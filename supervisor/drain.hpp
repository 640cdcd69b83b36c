#pragma once
#include "base/http_client.hpp"
#include "base/process_table.hpp"
#include "supervisor/config/configuration.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>
#include <variant>

namespace podmedic {

/// Carries out hooks and the waits of a drain. Each function is one coroutine that can be cancelled at any await.
class drain {
 public:
  /// Told for each hook that failed: its name, and what went wrong.
  using on_error = std::function<void(const std::string& hook, const std::string& error)>;

  /// Told what each hook's other side said, where anything; at most hooks::max_kept_output bytes.
  using on_output = std::function<void(const std::string& hook, std::string output)>;

  drain(hooks::surroundings around, on_error report) : around_(around), report_(std::move(report)) {}

  /// Runs the hooks of a phase in the order of their names, all within `limit`. Text: a hook with onError: Abort
  /// failed, and those after it did not run.
  boost::asio::awaitable<std::optional<std::string>> run_hooks(const config::configuration& use,
                                                               config::hook_phase phase, milliseconds limit,
                                                               on_output keep = {});
  /// Runs the Cancelled hooks, all within rules.drain.timeout; whether each worked.
  boost::asio::awaitable<bool> undo(const config::configuration& use);
  /// The whole drain, after readiness was left at `left_readiness`: Drain hooks, settling, in-flight work to zero, all
  /// within rules.drain.timeout. Text: aborted by a hook. What cannot be read is reported and no longer waited for: a
  /// wedged server's page of metrics after three failures in a row, a second each at most.
  boost::asio::awaitable<std::optional<std::string>> run(const config::configuration& use, instant left_readiness);

  /// What was in flight at the last look, connections and the gauge together; for /metrics.
  std::optional<std::size_t> in_flight() const { return in_flight_; }

 private:
  /// As run_hooks; sets `failed` where any failed.
  boost::asio::awaitable<std::optional<std::string>> run_each(const config::configuration& use,
                                                              config::hook_phase phase, milliseconds limit,
                                                              on_output keep, bool& failed);
  boost::asio::awaitable<void> wait_for_in_flight(const config::configuration& use, instant deadline);
  boost::asio::awaitable<std::variant<double, std::string>> read_gauge(const config::in_flight_metric& from,
                                                                       milliseconds timeout);
  hooks::surroundings around_;
  on_error report_;
  std::optional<std::size_t> in_flight_;
};

}  // namespace podmedic
