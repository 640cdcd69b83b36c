#pragma once
#include "base/verdict.hpp"
#include "supervisor/policy/arbiter.hpp"
#include "supervisor/policy/rules.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// What policy hears and what it asks for.
namespace podmedic::policy {

// What happened.
namespace event {
/// A check ended. Its probe is named as in rules::probes.
struct check_done {
  std::string probe;
  verdict found;
};
/// A container has a new main process (its first one in this life, too).
struct container_started {
  std::string container;
  instant at;
};
/// Answers to action::begin_drain: readiness left, hooks run, in-flight work ended (or the timeout came).
struct drained {};
/// A hook with onError: Abort failed while draining.
struct drain_aborted {
  std::string why;
};
/// Answers action::begin_diagnose. An obstacle forbids the restart (a process that cannot be killed).
struct diagnosed {
  std::optional<std::string> obstacle;
};
/// Answers action::commit: the ledger is on disk, or the error that kept it off.
struct committed {
  std::optional<std::string> error;
};
/// Answers action::begin_quiesce.
struct quiesced {};
/// `podmedic restart`. An empty container means all.
struct restart_requested {
  std::string reason;
  std::string by;
};
/// The Pod is being deleted, or podmedic was asked to end.
struct stood_down {
  std::string why;
};
struct rules_changed {
  rules use;
};
struct support_found {
  support can_restart;
  std::string why_not;
};
/// The API shows, after the life began, that the last restart's exit code ended podmedic's own container alone.
struct exit_not_honoured {};
/// Time passed.
struct tick {};
}  // namespace event
using any_event = std::variant<event::check_done, event::container_started, event::drained, event::drain_aborted,
                               event::diagnosed, event::committed, event::quiesced, event::restart_requested,
                               event::stood_down, event::rules_changed, event::support_found, event::exit_not_honoured,
                               event::tick>;

// What should be done.
enum class severity { normal, warning };
namespace action {
struct set_ready {
  bool ready;
};
/// Check that probe now, out of turn.
struct confirm {
  std::string probe;
};
struct begin_drain {};
/// Stop draining (or whatever followed it); with hooks, run those of the phase Cancelled.
struct cancel_drain {
  bool with_hooks;
};
struct begin_diagnose {};
/// Write the ledger so that it survives anything, and answer with event::committed.
struct commit {};
struct begin_quiesce {};
/// Write the ledger and restart: the Pod by exiting with the restart code, a container by ending its processes.
struct restart {
  std::string scope;
};
/// Write the ledger when convenient.
struct save {};
struct run_recovered_hooks {};
/// Tell people: log and metric, and an Event where `publish`.
struct notice {
  severity level;
  std::string reason;   ///< CamelCase
  std::string message;
  bool publish = true;
};
/// Answer to event::restart_requested.
struct answer {
  bool accepted;
  std::string message;
};
}  // namespace action
using any_action =
    std::variant<action::set_ready, action::confirm, action::begin_drain, action::cancel_drain, action::begin_diagnose,
                 action::commit, action::begin_quiesce, action::restart, action::save, action::run_recovered_hooks,
                 action::notice, action::answer>;

/// Where the Pod is on its way (design.md, Lifecycle).
enum class phase {
  starting,
  watching,
  suspect,      ///< a threshold was crossed; one more check confirms it
  waiting,      ///< confirmed; something forbids the restart for now
  draining,
  quiescing,
  restarting,
  recovering,   ///< restarted; the success condition has not held long enough yet
  holding,      ///< restarts stopped, loudly
  standing_down,
};
std::string_view to_text(phase in);
/// Whether a restart is under way: something that cancel_drain stops.
inline bool in_restart(phase in) {
  return in == phase::draining || in == phase::quiescing || in == phase::restarting;
}

/// Why a restart is wanted.
struct cause {
  std::string probe;         ///< empty for a request alone
  diagnosis why;
  std::string requested_by;  ///< empty where no person asked
  instant failing_since{};
  int failures_when_suspected = 0;
  instant confirmed_at{};
  bool unready_while_waiting = false;
};

}  // namespace podmedic::policy
