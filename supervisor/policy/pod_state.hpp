#pragma once
#include "supervisor/policy/back_off.hpp"
#include "supervisor/policy/events.hpp"
#include "supervisor/policy/ledger.hpp"
#include "supervisor/policy/preconditions.hpp"
#include "supervisor/policy/success_metrics.hpp"
#include "supervisor/policy/threshold.hpp"
#include "supervisor/policy/turn.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace podmedic::policy {

/// What the lifecycles of all scopes share: what was asked for, what is remembered, how the probes stand, what time it
/// is, and the actions of the step that is being taken.
struct pod_state {
  pod_state(rules asked, ledger remembered, std::uint64_t seed, instant born)
      : use(std::move(asked)), book(std::move(remembered)), random(seed), now(born) {}

  rules use;
  ledger book;
  circumstances facts;
  turn fleet_turn;
  preconditions outside;
  success_metrics bounds;
  random_source random;
  std::map<std::string, threshold> thresholds;
  instant now{};
  wall_time wall{};
  /// Since when the success condition holds: no probe that counts fails or has to prove itself.
  std::optional<instant> well_since;
  /// The scope whose restart is under way; the arbiter lets no other begin one.
  std::optional<std::string> restarting;
  /// The Cancelled hooks.
  struct {
    bool running = false;
    std::optional<milliseconds> wait;  ///< where one failed: until they are run again
    instant not_before{};
  } undo;
  bool ledger_asked = false;  ///< action::try_ledger is not answered yet
  std::vector<any_action> out;

  void tell(severity level, std::string reason, std::string message, bool publish = true);
  template <class Action>
  void act(Action a) {
    out.emplace_back(std::move(a));
  }
  void cancel_drain(bool with_hooks);
  void try_ledger();  ///< whether it can be written, if that is not being asked already
  const threshold* standing_of(const std::string& probe) const;
  /// Whether the Pod may be out of traffic as far as its fleet is concerned.
  bool may_be_out() const { return fleet_turn.may_be_out(use, now); }
  /// What the preconditions say against a restart, and whether all hold as of just now.
  std::vector<refusal> unmet() const { return outside.refusals(use, now); }
  bool preconditions_hold() const { return outside.hold(use, now); }
  bool enforces() const;  ///< Enforce, not paused, not in safe mode
  /// Of every probe but those that only observe.
  bool all_judged(bool (*holds)(const threshold&)) const;
};

}  // namespace podmedic::policy
