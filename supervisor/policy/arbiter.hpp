#pragma once
#include "supervisor/policy/ledger.hpp"
#include "supervisor/policy/rules.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace podmedic::policy {

/// Whether a restart can be carried out: the kubelet does what the exit code asks for, or podmedic may end the
/// container's processes and the kubelet brings it back.
enum class support {
  unverified,  ///< no API access: nothing speaks against it
  verified,
  missing,  ///< the rule, the feature or the view into the Pod's processes is missing
};

/// Facts about this life that a restart depends on, beside rules and ledger.
struct circumstances {
  support can_restart = support::unverified;  ///< all containers
  std::string why_not;                        ///< for support::missing: what is missing, and what to do
  /// The same of each container that cannot be restarted alone. Neither says anything of the other.
  std::map<std::string, std::string, std::less<>> why_not_alone;
  /// What is missing for the end of all other containers' processes (fallback: SignalAll).
  std::optional<std::string> why_not_signal_all = "podmedic has not seen yet whether it may signal all containers";
  bool safe_mode = false;  ///< podmedic itself ended badly too often
  /// The ledger could not be written: no restart until then, nor before it could be written again.
  std::optional<instant> unwritable_until;
};

/// One reason why a restart may not start now.
struct refusal {
  diagnosis why;
  std::optional<instant> until;  ///< when it ends by itself, where that is known
  bool hold = false;             ///< waiting does not help: stop restarting, loudly
};

/// Who wants a restart, and of what.
struct wish {
  bool by_request = false;  ///< a person asked: not subject to escalation, and to nothing else less
  /// Of each probe that says so of a container in the scope: why a restart would make it worse
  /// (unknown::forbids_restart).
  std::vector<std::string> makes_worse = {};
  std::string container = {};  ///< alone; empty: all
  method by = method::restart;
};

/// Asks everything that can forbid a restart, all of it, so that none hides another: safe mode, mode, pause, support,
/// ledger, escalation, budget, back-off, windows, what a restart would make worse. No refusal: it may start. Restarts
/// of every scope count alike.
std::vector<refusal> ask(const rules& rules, const ledger& book, const circumstances& facts, const wish& wanted,
                         instant now, wall_time wall);

/// What is missing for a restart of that container alone (empty: of all), and what to do; null where nothing is known
/// to be.
const std::string* why_unsupported(const circumstances& facts, std::string_view container);

/// How all containers would be restarted: by signals where the kubelet lacks the feature and the fallback says so.
method method_for_all(const rules& rules, const circumstances& facts);
/// What is missing for that wish, and what to do; nothing where it may be carried out. An eviction is the API's to
/// refuse.
std::optional<std::string> obstacle_to(const circumstances& facts, const wish& wanted);

/// Whether the restarts in a row that did not help are as many as the rules allow, and they let a container's failure
/// climb to the whole Pod.
bool climbs(const rules& rules, const ledger& book);
/// The step after restarts of single containers that did not help: all containers, once, where the rules allow it and
/// it can be done.
bool may_restart_all_once(const rules& rules, const ledger& book, const circumstances& facts);

/// Whether waiting ends them all (or there are none).
bool pass_by_themselves(const std::vector<refusal>& all);
/// The messages of all refusals in one line, and their reasons.
std::string messages_of(const std::vector<refusal>& all);
std::string reasons_of(const std::vector<refusal>& all);

/// Restarts and evictions within the window before `now`; those written down and not carried out count too.
int spent(const budget_rules& budget, const ledger& book, instant now);
/// Restarts in a row, up to the last, that were not followed by recovery; of all scopes.
int unrecovered(const ledger& book);
/// The probes for which restarts among these were, where they ended in a relapse.
std::set<std::string> relapsed_probes(const ledger& book);
/// The wait that the next one grows from; none where back-off starts anew: no restart yet, or a calm of a full cap
/// after the last one.
std::optional<milliseconds> previous_wait(const ledger& book);
/// Whether `wall` lies in one of the windows; always in an empty list.
bool in_window(const std::vector<window>& windows, wall_time wall);
/// How long failures of a container that has not passed yet do not count: at most the maximum.
milliseconds warm_up_limit(const warm_up_rules& rules, const ledger& book);

}  // namespace podmedic::policy
