#pragma once
#include "supervisor/simulation/moment.hpp"

#include <algorithm>
#include <optional>
#include <queue>
#include <vector>

namespace podmedic::simulation {

/// Whose turn it is in virtual time: each replica has at most one next moment. Equal moments come in the order of the
/// replicas.
class event_queue {
 public:
  explicit event_queue(int replicas) : next_(static_cast<std::size_t>(replicas)) {}

  struct event {
    moment at;
    int replica;
    bool operator>(const event& other) const { return at != other.at ? at > other.at : replica > other.replica; }
  };
  /// Instead of what was set for it.
  void set(int replica, std::optional<moment> at) {
    std::optional<moment>& next = next_[static_cast<std::size_t>(replica)];
    if (next == at) return;
    next = at;
    if (at) queue_.push({*at, replica});
  }
  /// The first, up to `end`; it has no next moment then.
  std::optional<event> take(moment end) {
    while (!queue_.empty() && queue_.top().at <= end) {
      const event first = queue_.top();
      queue_.pop();
      std::optional<moment>& next = next_[static_cast<std::size_t>(first.replica)];
      if (next != first.at) continue;  // it was set anew since
      next.reset();
      return first;
    }
    return std::nullopt;
  }

 private:
  std::vector<std::optional<moment>> next_;
  std::priority_queue<event, std::vector<event>, std::greater<>> queue_;
};

}  // namespace podmedic::simulation
