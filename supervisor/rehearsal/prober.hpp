#pragma once
#include "base/verdict.hpp"
#include "supervisor/rehearsal/pod_manifest.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <optional>
#include <string>
#include <vector>

namespace podmedic::rehearsal {

/// Counts a probe's results as the kubelet's worker does (pkg/kubelet/prober/worker.go).
class probe_threshold {
 public:
  explicit probe_threshold(const probe_manifest& probe)
      : success_(probe.success_threshold), failure_(probe.failure_threshold) {}
  /// One more check: whether the container has passed or failed by it, or nothing where neither threshold is reached.
  /// Unknown counts for neither.
  std::optional<bool> add(const verdict& found);

 private:
  int success_;
  int failure_;
  bool last_passed_ = false;
  int in_a_row_ = 0;
};

/// Asks once. An exec action runs `command` with `environment`; a network action dials anew, as the kubelet does each
/// time. Both outlive the check.
boost::asio::awaitable<verdict> check_once(boost::asio::io_context& context, const probe_manifest& probe,
                                           const std::vector<std::string>& command,
                                           const std::vector<std::string>& environment);

}  // namespace podmedic::rehearsal
