#pragma once
#include "base/verdict.hpp"
#include "supervisor/policy/arbiter.hpp"
#include "supervisor/policy/fleet.hpp"
#include "supervisor/policy/rules.hpp"

#include <map>
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
  std::optional<milliseconds> took = {};
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
/// Answers action::undo_drain, and action::cancel_drain with hooks: all Cancelled hooks have run.
struct drain_undone {
  bool worked;  ///< each of them
};
/// Answers action::begin_diagnose. An obstacle forbids the restart (a process that cannot be killed).
struct diagnosed {
  std::optional<std::string> obstacle;
  std::map<std::string, double> metrics = {};  ///< of success_rules::metrics, those that could be read
};
/// Answers action::commit: the ledger is on disk, or the error that kept it off.
struct committed {
  std::optional<std::string> error;
};
/// Answers action::try_ledger: it could be written, or the error.
struct ledger_tried {
  std::optional<std::string> error;
};
/// Answers action::begin_quiesce. An obstacle: processes of the container are still there.
struct quiesced {
  std::optional<std::string> obstacle = {};
};
/// Answers action::evict.
struct eviction_answered {
  enum class answer {
    granted,
    refused,  ///< a PodDisruptionBudget does not allow it now
    failed,   ///< not asked, or not understood
  };
  answer found;
  std::string message = {};  ///< of refused and failed
};
/// What stood against the restart of that scope, a process that no signal ends, is there no more.
struct obstacle_gone {
  std::string scope;
};
/// `podmedic restart`. An empty container means all.
struct restart_requested {
  std::string reason;
  std::string by;
  std::string container = {};
  std::string id = {};  ///< of the request: the same one twice is one restart; empty: it has none
};
/// The Pod is being deleted, or podmedic was asked to end.
struct stood_down {
  std::string why;
};
struct rules_changed {
  rules use;
};
/// Of a restart of all containers, or of that one alone; or of the end of all containers' processes
/// (method::signal_all).
struct support_found {
  support can_restart;
  std::string why_not;
  std::string container = {};
  method by = method::restart;
};
/// The API is asked for the Pod's place for the first time in this life. Until place_found, which follows within a
/// bounded time, nobody leaves traffic and nothing is restarted: another replica may have the turn.
struct place_asked {};
/// The Pod's place in its fleet, or why there is none to see; until then, none.
struct place_found {
  std::optional<own_place> place;
  std::string why_not = {};
  bool may_come = false;  ///< only the API does not answer
};
/// Answers action::read_fleet.
struct fleet_read {
  std::variant<fleet_view, api_silence> found;
};
/// Answers action::read_lease.
struct lease_read {
  int slot;
  std::variant<lease, api_silence> found;  ///< one that does not exist yet: the default
  bool holder_is_gone = false;             ///< its Pod is deleted, or being deleted
};
/// Answers action::write_lease.
struct lease_written {
  enum class result { written, conflict, silence };
  int slot;
  result how;
  lease now = {};        ///< as written, with its new version
  api_silence why = {};  ///< of silence; it may have been written nevertheless
};
/// Answers action::ask_preconditions, in the order of rules::preconditions.
struct preconditions_answered {
  enum class answer {
    holds,
    refuses,
    silent,  ///< it could not be asked, or what it said is no answer
  };
  struct one {
    answer found;
    std::string message = {};  ///< of refuses and silent
  };
  std::vector<one> each;
};
/// Answers action::read_success_metrics, in the order of success_rules::metrics.
struct success_metrics_read {
  struct one {
    std::optional<double> value;
    std::string why_not = {};  ///< the bound is not kept, or the metric could not be read; empty: it is kept
  };
  std::vector<one> each;
};
/// The API shows, after the life began, that the last restart's exit code ended podmedic's own container alone.
struct exit_not_honoured {};
/// Time passed.
struct tick {};
}  // namespace event
using any_event =
    std::variant<event::check_done, event::container_started, event::drained, event::drain_aborted, event::drain_undone,
                 event::diagnosed, event::committed, event::ledger_tried, event::quiesced, event::eviction_answered,
                 event::obstacle_gone, event::restart_requested, event::stood_down, event::rules_changed,
                 event::support_found, event::place_asked, event::place_found, event::fleet_read, event::lease_read,
                 event::lease_written, event::preconditions_answered, event::success_metrics_read,
                 event::exit_not_honoured, event::tick>;

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
/// Stop draining (or whatever followed it); with hooks, undo_drain as well.
struct cancel_drain {
  bool with_hooks;
};
/// Run the hooks of the phase Cancelled, which take back what the Drain hooks did, and answer with event::drain_undone.
struct undo_drain {};
/// The scope is "Pod" or a container's name, here and below.
struct begin_diagnose {
  std::string scope;
};
/// Write the ledger so that it survives anything, and answer with event::committed.
struct commit {};
/// Write the ledger as it is, and answer with event::ledger_tried: where it cannot be written, nothing is drained.
struct try_ledger {};
/// Stop what the restart ends: from here on the record on disk counts. Of a container, end all its processes: the
/// kubelet starts it anew by itself. Of the Pod by method::signal_all, the same of all other containers.
struct begin_quiesce {
  std::string scope;
  method by = method::restart;
  /// For the Pod: the container whose illness takes it out of traffic (empty: the only one), so that it most likely
  /// does not heed SIGTERM.
  std::optional<std::string> wedged = {};
};
/// Write the ledger; the Pod is restarted by exiting with the restart code. What was ended by signals has been already.
struct restart {
  std::string scope;
  method by = method::restart;
};
/// Ask the API to evict the own Pod, and answer with event::eviction_answered. Its entry is on disk.
struct evict {};
/// Ask the API what the fleet is like, and answer with event::fleet_read. Of these three one at a time is asked.
struct read_fleet {};
/// Read one slot's Lease, and answer with event::lease_read.
struct read_lease {
  int slot;
  bool look_for_holder = false;  ///< ask whether its Pod is gone, too
};
/// Write it if it still is of the version that `wanted` has (empty: create it), and answer with event::lease_written.
struct write_lease {
  int slot;
  lease wanted;
  bool new_holder = false;
};
/// Ask all preconditions, and answer with event::preconditions_answered within precondition_time. One asking at a time.
struct ask_preconditions {};
/// Read them, and answer with event::success_metrics_read within a few seconds. One reading at a time.
struct read_success_metrics {};
/// Write the ledger when convenient.
struct save {};
struct run_recovered_hooks {};
/// Tell people: log and metric, and an Event where `publish`.
struct notice {
  severity level;
  std::string reason;  ///< CamelCase
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
    std::variant<action::set_ready, action::confirm, action::begin_drain, action::cancel_drain, action::undo_drain,
                 action::begin_diagnose, action::commit, action::try_ledger, action::begin_quiesce, action::restart,
                 action::evict, action::read_fleet, action::read_lease, action::write_lease, action::ask_preconditions,
                 action::read_success_metrics, action::save, action::run_recovered_hooks, action::notice,
                 action::answer>;

/// Where the Pod is on its way (design.md, Lifecycle).
enum class phase {
  starting,
  watching,
  suspect,  ///< a threshold was crossed; one more check confirms it
  waiting,  ///< confirmed; something forbids the restart for now
  draining,
  quiescing,
  restarting,
  recovering,  ///< restarted; the success condition has not held long enough yet
  holding,     ///< restarts stopped, loudly; where an eviction was refused, until it is asked for again
  evicting,    ///< the API is being asked
  standing_down,
};
std::string_view to_text(phase in);
/// Whether a restart or an eviction is under way: something that cancel_drain stops.
inline bool in_restart(phase in) {
  return in == phase::draining || in == phase::quiescing || in == phase::restarting || in == phase::evicting;
}

/// Why a restart is wanted.
struct cause {
  std::string probe;  ///< empty for a request alone
  diagnosis why;
  std::string requested_by;  ///< empty where no person asked
  std::string request_id = {};
  instant failing_since{};
  int failures_when_suspected = 0;
  instant confirmed_at{};
  bool unready_while_waiting = false;
};

}  // namespace podmedic::policy
