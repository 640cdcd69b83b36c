#pragma once
#include "base/time.hpp"

#include <optional>
#include <string>
#include <vector>

/// Whether the containers behind podmedic have to wait: its startup probe holds them back while it fails.
namespace podmedic::policy {

/// What one look at the Pod showed.
struct startup_sight {
  bool sees_processes = false;      ///< the PID namespace is shared, and is not the node's
  bool others_run = false;          ///< another container of the Pod has a main process
  std::vector<std::string> strays;  ///< processes of containers that have ended, for people
  std::string unmet;                ///< the Startup hook that has not worked yet, and why; empty: all have
};

/// Holds from the start of a life until nothing is left to wait for, once. It never holds where another container runs,
/// where podmedic cannot see whether one does, or longer than the maximum from `began`; and what has been let go is not
/// held again.
class startup_barrier {
 public:
  struct beginning {
    bool wanted = true;  ///< mode Enforce, not paused, not in safe mode
    milliseconds maximum{20'000};
    /// When the wait began: now, or in an earlier life that the wait outlasted, so that a crash loop does not prolong
    /// it. Nothing: it cannot be remembered, and then nothing is held.
    std::optional<instant> began;
  };
  explicit startup_barrier(beginning from) : from_(from) {}

  enum class state {
    holding,
    passed,         ///< there was nothing (more) to wait for
    timed_out,      ///< the maximum came first
    not_held,       ///< another container runs already, or nothing is to be held in this mode
    blind,          ///< it cannot be seen whether another container runs
    not_remembered  ///< the wait could not be bounded across lives
  };
  /// Where it stands after this look. Once it is not `holding`, it stays as it is.
  state look(const startup_sight& sight, instant now);
  state stands() const { return state_; }
  /// What the containers wait for, or what was missing when the maximum came; for people.
  const std::string& waits_for() const { return waits_for_; }
  /// The kubelet ends podmedic when its startupProbe has failed for too long: so long after the start of this life it
  /// may fail, at most.
  void limit(instant life, milliseconds allowance);
  /// When it lets go at the latest.
  std::optional<instant> until() const;

 private:
  beginning from_;
  std::optional<instant> limit_;
  state state_ = state::holding;
  std::string waits_for_;
};

/// How long a startupProbe of these fields may fail so that it still passes in time after that: one period is kept in
/// reserve. Zero where that is none.
milliseconds startup_allowance(milliseconds initial_delay, milliseconds period, int failure_threshold);

}  // namespace podmedic::policy
