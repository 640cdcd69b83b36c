#pragma once
#include "base/time.hpp"
#include "base/verdict.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The durable record of restarts: what keeps podmedic from looping across its own lives. Plain data and its text form;
/// who writes it to disk, and when, is decided elsewhere.
namespace podmedic::policy {

/// How a restart turned out.
enum class outcome {
  pending,       ///< restarted, or about to; nothing known yet
  recovered,     ///< the success condition held
  relapsed,      ///< a probe failed again before it did
  not_executed,  ///< written down, but podmedic ended or changed its mind before the restart
  not_honoured,  ///< podmedic exited with the code and the kubelet did not restart the containers
};

/// How what was written down is carried out.
enum class method {
  restart,     ///< the scope's own way: the exit code, or the end of that container's processes
  signal_all,  ///< the Pod's where the kubelet lacks the feature: the end of all other containers' processes
  eviction,    ///< of the Pod, by the API
};

/// How long a probe's checks took that passed, of the last hundred in one life of its container.
struct latency {
  milliseconds p50{0};
  milliseconds p99{0};
  int checks = 0;

  bool operator==(const latency&) const = default;
};

struct restart_record {
  instant at{};       ///< when it was written down, and then when podmedic exited
  wall_time wall{};   ///< the same for people
  std::string scope;  ///< "Pod", or the container's name
  method by = method::restart;
  std::string probe;  ///< whose failure; empty for a request
  diagnosis why;
  std::string requested_by;    ///< for `podmedic restart`; else empty
  std::string request_id;      ///< as it was asked with; empty where it had none
  milliseconds wait_after{0};  ///< back-off: the next restart comes no sooner than this after `at`
  outcome ended = outcome::pending;
  bool exited = false;        ///< podmedic went on to exit or signal; false while it is merely written down
  milliseconds detection{0};  ///< from the first failure to its confirmation
  milliseconds waited{0};     ///< from the confirmation to the drain
  milliseconds drained{0};    ///< from the drain's start to `at`
  /// From `at` until every container of the scope had started that a probe looks at.
  std::optional<milliseconds> containers_up;
  std::optional<milliseconds> first_pass;  ///< from `at` until every probe had passed
  std::optional<milliseconds> recovery;    ///< from `at` until the success condition began to hold
  std::optional<instant> recovered_at;     ///< when the success condition had held long enough
  // Of the probe that it was for, and of success.metrics by their names; after: at recovery.
  std::optional<latency> latency_before;
  std::optional<latency> latency_after;
  std::map<std::string, double> metrics_before;
  std::map<std::string, double> metrics_after;

  bool operator==(const restart_record&) const = default;
};

/// One life of the podmedic process.
struct life_record {
  instant started{};
  bool clean = false;  ///< ended as it meant to

  bool operator==(const life_record&) const = default;
};

struct ledger {
  static constexpr int version = 1;
  static constexpr std::string_view pod_scope = "Pod";
  static constexpr std::size_t most_restarts = 64;
  static constexpr std::size_t most_lives = 64;
  static constexpr std::size_t most_warm_ups = 8;

  std::string boot;                         ///< boot id that all instants belong to
  std::vector<restart_record> restarts;     ///< oldest first
  std::vector<life_record> lives;           ///< that ended lately, and the one that goes on; oldest first
  std::vector<milliseconds> warm_ups;       ///< of containers that podmedic watched from their start; oldest first
  std::optional<instant> distrusted_until;  ///< the ledger before this one was lost: no restart until then
  std::optional<instant> healed_at;         ///< the success condition was met after a restart that was none's recovery
  std::optional<instant> calm_at;           ///< it had held for a full back-off cap: waits start anew after it
  /// Drain hooks began then, and nothing has taken that back: no Cancelled hooks, no end of the containers that heard
  /// them.
  std::optional<instant> drained_at;
  /// The probes that have passed, with the start of their container's main process as it was then: a life of podmedic
  /// that begins while that process still runs must not take it for one that warms up.
  std::map<std::string, instant> passed;
  std::map<std::string, std::string> first_annotations;  ///< of the Pod's first life: live edits never widen them

  bool operator==(const ledger&) const = default;

  std::string to_json() const;

  /// Moves all instants to another boot of the node, whose clock starts at zero. Nobody knows how long the node was
  /// down, so its down time counts as nothing and everything keeps the distance it had: a bound, from below, of how
  /// long ago it was. The wall clock, which may have jumped, is not asked. No process of the old boot is left.
  void move_to_boot(std::string_view boot_id);

  restart_record* last();
  const restart_record* last() const;
  /// The last restart of a scope.
  restart_record* last_of(std::string_view scope);
  const restart_record* last_of(std::string_view scope) const;
  void add(restart_record record);
};

/// The ledger's text was not one: which part, and what was wrong.
struct ledger_damage {
  std::string message;
};
/// Reads to_json()'s text. Anything else (torn, another version, wrong types, impossible times, out of order, even
/// another spelling of the same values) is damage as a whole.
std::variant<ledger, ledger_damage> read_ledger(std::string_view text);

std::string_view to_text(outcome ended);
std::string_view to_text(method by);

}  // namespace podmedic::policy
