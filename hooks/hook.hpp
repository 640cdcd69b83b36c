#pragma once
#include "base/time.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <optional>
#include <string>

namespace podmedic {
class http_client;
class process_table;
}  // namespace podmedic

namespace podmedic::hooks {

/// What a hook may use; outlives every hook.
struct surroundings {
  http_client& http;
  const process_table& processes;
  /// Names of containers by id, where the Pod's status tells them (process_table::containers); null: it does not.
  const std::map<std::string, std::string>* names_by_id = nullptr;
  /// Where what the other side said is kept, whether it worked or not: exec's output, http's body; at most
  /// max_kept_output bytes. Null: it is not.
  std::string* output = nullptr;
};
/// One byte more than a file of diagnostics has, so that it shows that it was cut.
inline constexpr std::size_t max_kept_output = 1024 * 1024 + 1;

/// One configured hook.
class hook {
 public:
  virtual ~hook() = default;
  /// Runs once, and ends within `timeout` (a few milliseconds more at most). Nothing: it worked; else what went wrong,
  /// in one line. Never throws for what the other side does.
  virtual boost::asio::awaitable<std::optional<std::string>> run(milliseconds timeout) = 0;
};

}  // namespace podmedic::hooks
