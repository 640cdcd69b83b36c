#pragma once
#include "supervisor/policy/ledger.hpp"
#include "supervisor/policy/rules.hpp"

#include <optional>
#include <string>
#include <vector>

namespace podmedic::policy {

/// Whether the kubelet will do what the exit code asks for.
enum class support {
  unverified,  ///< no API access: nothing speaks against it
  verified,
  missing,     ///< the rule, the feature or the view into the Pod's processes is missing
};

/// Facts about this life that a restart depends on, beside rules and ledger.
struct circumstances {
  support can_restart = support::unverified;
  std::string why_not;       ///< for support::missing: what is missing, and what to do
  bool safe_mode = false;    ///< podmedic itself ended badly too often
  std::optional<instant> unwritable_until;  ///< the ledger could not be written
};

/// One reason why a restart may not start now.
struct refusal {
  diagnosis why;
  std::optional<instant> until;  ///< when it ends by itself, where that is known
  bool hold = false;             ///< waiting does not help: stop restarting, loudly
};

/// Who wants a restart.
struct wish {
  bool by_request = false;   ///< a person asked: not subject to escalation, and to nothing else less
};

/// Asks everything that can forbid a restart, all of it, so that none hides another: safe mode, mode, pause, support,
/// ledger, escalation, budget, back-off, windows. No refusal: it may start. Restarts of every scope count alike.
std::vector<refusal> ask(const rules& rules, const ledger& book, const circumstances& facts, const wish& wanted,
                         instant now, wall_time wall);

/// Whether waiting ends them all (or there are none).
bool pass_by_themselves(const std::vector<refusal>& all);
/// The messages of all refusals in one line, and their reasons.
std::string messages_of(const std::vector<refusal>& all);
std::string reasons_of(const std::vector<refusal>& all);

/// Restarts within the window before `now`; those written down and not carried out count too.
int spent(const budget_rules& budget, const ledger& book, instant now);
/// Restarts in a row, up to the last, that were not followed by recovery.
int unrecovered(const ledger& book);
/// The wait that the next one grows from; none where back-off starts anew: no restart yet, or a calm of a full cap after
/// the last one.
std::optional<milliseconds> previous_wait(const ledger& book);
/// Whether `wall` lies in one of the windows; always in an empty list.
bool in_window(const std::vector<window>& windows, wall_time wall);
/// How long failures of a container that has not passed yet do not count.
milliseconds warm_up_limit(const warm_up_rules& rules, const ledger& book);

}  // namespace podmedic::policy
