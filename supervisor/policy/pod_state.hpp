#pragma once
#include "supervisor/policy/back_off.hpp"
#include "supervisor/policy/events.hpp"
#include "supervisor/policy/ledger.hpp"
#include "supervisor/policy/threshold.hpp"

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
  random_source random;
  std::map<std::string, threshold> thresholds;
  instant now{};
  wall_time wall{};
  /// Since when the success condition holds: no probe that counts fails or has to prove itself.
  std::optional<instant> well_since;
  /// The scope whose restart is under way; the arbiter lets no other begin one.
  std::optional<std::string> restarting;
  std::vector<any_action> out;

  void tell(severity level, std::string reason, std::string message, bool publish = true);
  template <class Action>
  void act(Action a) {
    out.emplace_back(std::move(a));
  }
  const threshold* standing_of(const std::string& probe) const;
  bool enforces() const;  ///< Enforce, not paused, not in safe mode
  bool may_act() const;   ///< and restarts are possible
  /// Of every probe but those that only observe.
  bool all_judged(bool (*holds)(const threshold&)) const;
};

}  // namespace podmedic::policy
