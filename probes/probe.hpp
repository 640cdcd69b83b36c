#pragma once
#include "base/process_table.hpp"
#include "base/time.hpp"
#include "base/verdict.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <variant>

namespace podmedic {
class http_client;
}  // namespace podmedic

namespace podmedic::probes {

/// The Pod's other containers, as the last scan of /proc showed them. All probes share that scan: it is at most a
/// second old, and asking costs nothing.
class pod_processes {
 public:
  virtual ~pod_processes() = default;
  /// Those of the container of that name (empty: of the only other one); or why there are none, or why it cannot be
  /// told: the diagnosis of an Unknown. The pointer is good until the coroutine suspends.
  virtual std::variant<const container_processes*, diagnosis> of(const std::string& container) const = 0;
};

/// What a probe may use; outlives every probe.
struct surroundings {
  http_client& http;
  const pod_processes& processes;
  std::string proc_root = "/proc";
  std::string container;      ///< the probe's `container`; empty: the only other one
  bool in_container = false;  ///< `root: Container`: paths are that container's, not podmedic's
  std::string memory_file;  ///< what the probe must know in podmedic's next life, its own format; empty: keeps nothing
  /// Told what each check saw, as one line of text (sample_text.hpp), before it is judged; empty: nobody asks.
  std::function<void(const std::string& sample)> on_sample = {};
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
