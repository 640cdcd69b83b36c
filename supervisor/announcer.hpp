#pragma once
#include "base/time.hpp"
#include "supervisor/policy/medic.hpp"

#include <deque>
#include <functional>
#include <map>
#include <string>

namespace podmedic {

/// What was told, and when.
struct announcement {
  wall_time at;
  policy::action::notice what;
};

/// Tells people: each notice becomes a log line, a count by reason (metric), one of the last entries of /status and,
/// where it is to be published, an Event. What keeps coming back with the same words is logged and published once.
class announcer {
 public:
  static constexpr std::size_t kept = 32;

  /// Where Events go; called for each notice that is published. May be set later: what came before is handed over then.
  void publish_to(std::function<void(const announcement&)> events);
  void tell(const policy::action::notice& what, wall_time at);
  /// As tell(), but nothing where the same reason was last told with the same message.
  void tell_once(const policy::action::notice& what, wall_time at);

  const std::map<std::string, std::uint64_t>& counts() const { return counts_; }
  const std::deque<announcement>& latest() const { return latest_; }

 private:
  std::map<std::string, std::uint64_t> counts_;
  std::map<std::string, std::string> last_message_;
  std::deque<announcement> latest_;
  std::deque<announcement> unpublished_;
  std::function<void(const announcement&)> events_;
};

}  // namespace podmedic
