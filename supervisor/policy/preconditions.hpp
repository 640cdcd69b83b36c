#pragma once
#include "supervisor/policy/arbiter.hpp"
#include "supervisor/policy/events.hpp"
#include "supervisor/policy/rules.hpp"

#include <optional>
#include <string>
#include <vector>

namespace podmedic::policy {

/// What the preconditions are needed for at the moment, least first.
enum class precondition_need {
  none,        ///< no restart is wanted: what they said is forgotten
  remembered,  ///< something else forbids it: they are not asked
  fresh,       ///< they alone forbid it, or a restart is to begin, or its drain is under way
};

/// How long one asking of all of them may take.
inline constexpr milliseconds precondition_time{10'000};
/// How long what holds counts as such, from the moment when it was asked; and how long silence must last until it
/// counts as none's objection (onUnreachable: Proceed).
inline constexpr milliseconds precondition_lasts{30'000};

/// Who outside must speak for a restart, and what they said. A refusal stands until they say otherwise.
///
/// Each asking takes at most precondition_time, and the next begins so long after it began, or a little later: what
/// holds all the time is always fresh.
class preconditions {
 public:
  void on(const event::preconditions_answered& e, const rules& use);
  /// Asks, where it is time to.
  void advance(precondition_need need, const rules& use, std::vector<any_action>& out, instant now);
  /// What they say against a restart. Empty also where they have not been asked yet.
  std::vector<refusal> refusals(const rules& use, instant now) const;
  /// Whether all speak for a restart as of just now.
  bool hold(const rules& use, instant now) const;
  /// When to ask next; nothing while an asking is under way, or they are not needed.
  std::optional<instant> wake_at(precondition_need need, const rules& use) const;

 private:
  struct standing {
    std::optional<instant> held;         ///< when it was asked that held last
    std::optional<std::string> refuses;  ///< the last that was no silence
    std::optional<std::string> silence;  ///< the very last
    instant heard{};                     ///< when it was asked that was no silence; at first, when it was asked at all
  };
  bool may_pass_over(const standing& each, const precondition_rules& use, instant now) const;
  instant next() const;

  std::vector<standing> all_;  ///< as many as there are rules, or none: nothing is known
  bool asking_ = false;
  std::optional<instant> asked_;  ///< the last asking began
};

}  // namespace podmedic::policy
