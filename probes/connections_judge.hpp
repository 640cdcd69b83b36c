#pragma once
#include "base/time.hpp"
#include "base/verdict.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace podmedic::probes {

/// What one check saw: only connections that wait for something. All others are idle, or had all of their data taken.
struct connections_sample {
  enum class way { sending, receiving };
  /// A connection of the application's to another's port, with data under way that nobody has taken yet.
  struct pending {
    std::uint64_t id = 0;  ///< of the socket
    way data = way::sending;
    std::uint16_t port = 0;
    std::string peer;         ///< "10.0.0.5:5432"
    std::int64_t queued = 0;  ///< bytes
    std::uint64_t taken = 0;  ///< bytes that were, ever: by the peer where it sends, else by the application
    int retransmits = 0;
    bool window_closed = false;

    bool operator==(const pending&) const = default;
  };
  /// The accept queue of a listening port, over all of its listeners.
  struct accept_queue {
    std::uint16_t port = 0;
    std::int64_t length = 0;
    std::int64_t backlog = 0;
    std::set<std::uint64_t> waiting;  ///< ids of connections that nobody accepted; at most 256 of them

    bool operator==(const accept_queue&) const = default;
  };

  std::int64_t connections = 0;  ///< to the ports of others
  std::vector<pending> data;
  std::vector<accept_queue> queues;  ///< of ports that have a listener or a connection

  std::string to_text() const;
  /// Throws std::invalid_argument.
  static connections_sample parse(std::string_view line);
};

/// Whether what waits has moved: pure. What moves, however slowly, is busy; what does not move for `stalled` is wedged.
class connections_judge {
 public:
  explicit connections_judge(milliseconds stalled) : stalled_(stalled) {}
  verdict judge(const connections_sample& sample, milliseconds at);

 private:
  struct pending_since {
    std::uint64_t taken = 0;
    milliseconds since{0};
  };
  struct waiting_since {
    std::set<std::uint64_t> ids;
    milliseconds since{0};
  };
  using pending_key = std::pair<std::uint64_t, connections_sample::way>;

  void follow(const connections_sample& sample, milliseconds at);

  const milliseconds stalled_;
  std::map<pending_key, pending_since> pending_;
  std::map<std::uint16_t, waiting_since> waiting_;
};

}  // namespace podmedic::probes
