#pragma once
#include "base/time.hpp"
#include "base/verdict.hpp"
#include "supervisor/policy/ledger.hpp"
#include "supervisor/policy/rules.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace podmedic::policy {

/// What a probe says after its thresholds and its container's warm-up were heard.
enum class standing {
  unproven,  ///< has not passed since the container started; failures do not count yet
  healthy,
  failing,  ///< failure_threshold consecutive failures
};

/// Counts one probe's verdicts. Consecutive failures make it failing, consecutive passes healthy; Unknown changes
/// nothing, as in the kubelet's prober. Warm-up: since its container started, failures count only after a first pass or
/// after the limit ran out.
class threshold {
 public:
  /// Until container_started() tells better, the container counts as started `now`.
  threshold(const probe_rules& rules, instant now, milliseconds warm_up_limit);

  /// A new main process of the container: counts start again, and warm-up with them.
  void container_started(instant at, milliseconds warm_up_limit);
  /// Its container was ended and is to start anew: the same, and nothing counts until container_started() tells that it
  /// did.
  void container_ended(instant at, milliseconds warm_up_limit);
  /// Its container had let it pass already, in an earlier life of podmedic: warm-up is over.
  void passed_already();
  /// `took`: how long the check took, where that is known.
  void count(const verdict& found, instant now, std::optional<milliseconds> took = {});
  /// Live edits of the thresholds; counts stay.
  void use(const probe_rules& rules);

  standing stands() const { return standing_; }
  bool passed_since_start() const { return first_pass_.has_value(); }
  /// The container's start, as far as it was told.
  instant started() const { return started_; }
  /// From the container's start to the first pass; only of a start that was told, and that this probe lived to see.
  std::optional<milliseconds> warm_up() const;
  /// Whether the last verdict was a failure that counted.
  bool last_was_failure() const { return failures_ > 0 && !last_unknown_; }
  int failures_in_a_row() const { return failures_; }
  bool last_was_unknown() const { return last_unknown_; }
  /// Whether failures do not count yet, and something was learned from the last check.
  bool warming_up(instant now) const { return !first_pass_ && now < counts_from_ && !last_unknown_; }
  /// Whether its container has been seen: since the beginning, or since container_ended().
  bool container_seen() const { return container_seen_; }
  /// Whether its container has not been seen yet, within the time that it has for its warm-up.
  bool awaits_container(instant now) const { return !container_seen_ && now < counts_from_; }
  /// Passes, and did not fail since.
  bool passes() const { return standing_ == standing::healthy && failures_ == 0; }
  /// Passes, or could not be asked since the container started: does not stand against recovery. One that podmedic
  /// ended, and that has not come back, does.
  bool well() const { return passes() || (last_unknown_ && !answered_ && !ended_); }
  /// When the failure that goes on now was first seen.
  std::optional<instant> failing_since() const { return failing_since_; }
  /// Since when the target, which works no longer, answers "no" without a break (see fail::answered_no).
  std::optional<instant> answering_no_since() const { return answering_no_since_; }
  /// Of the checks since the container started that passed; none before the first.
  std::optional<latency> passed_in() const;
  const diagnosis& why() const { return why_; }
  /// Why a restart of its container would make it worse; holds until a check learns something else, a new main process
  /// or not.
  const std::optional<diagnosis>& forbids_restart() const { return forbids_restart_; }

 private:
  void reset(instant container_started, milliseconds warm_up_limit);
  void remember(milliseconds took);

  int failure_threshold_;
  int success_threshold_;
  standing standing_ = standing::unproven;
  int failures_ = 0;
  int passes_ = 0;
  bool last_unknown_ = false;
  bool answered_ = false;  ///< some check since the container started was not Unknown
  instant born_;
  instant started_{};
  bool start_seen_ = false;
  bool container_seen_ = false;
  bool ended_ = false;  ///< by podmedic, and not started since
  instant counts_from_{};
  std::optional<instant> first_pass_;
  std::optional<instant> failing_since_;
  std::optional<instant> answering_no_since_;
  diagnosis why_;
  std::optional<diagnosis> forbids_restart_;
  std::vector<milliseconds> took_;  ///< the last ones; once there are as many as are kept, a ring
  std::size_t took_next_ = 0;
};

}  // namespace podmedic::policy
