#pragma once
#include "base/time.hpp"
#include "base/verdict.hpp"

#include <boost/asio/awaitable.hpp>

namespace podmedic {
class http_client;
class process_table;
}  // namespace podmedic

namespace podmedic::probes {

/// What a probe may use; outlives every probe.
struct surroundings {
  http_client& http;
};

/// One configured probe: asks its target once, when it is told to. Thresholds, periods and what follows from a verdict
/// are none of its business.
class probe {
 public:
  virtual ~probe() = default;
  /// Asks once and ends within `timeout` (a few milliseconds more at most). One check at a time. Never throws for what
  /// the target does.
  virtual boost::asio::awaitable<verdict> check(milliseconds timeout) = 0;
};

}  // namespace podmedic::probes
