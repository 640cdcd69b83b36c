#pragma once
#include "base/verdict.hpp"
#include "supervisor/policy/arbiter.hpp"
#include "supervisor/policy/back_off.hpp"
#include "supervisor/policy/ledger.hpp"
#include "supervisor/policy/rules.hpp"
#include "supervisor/policy/threshold.hpp"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// Every decision of podmedic, without I/O and without a clock: events in, actions out. The same code decides in the
/// Pod, in the tests and in the simulator.
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
/// Write the ledger and restart: exit with the restart code.
struct restart {};
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

/// What became of the restart that the ledger ends with, as far as the new life can see it.
enum class fate {
  cannot_tell,   ///< counts as restarted
  restarted,     ///< no other container is older than the restart
  unchanged,     ///< another container is: podmedic did not come to exit with the code, or event::exit_not_honoured follows
};

/// How the ledger was found at the start of a life.
enum class book_found {
  sound,
  first_life,  ///< none, in a sandbox as young as this process
  lost,        ///< missing, torn, or of another version
};

class medic {
 public:
  struct beginning {
    rules use;
    ledger book;  ///< moved to this boot already
    book_found found = book_found::first_life;
    std::string damage;  ///< what was wrong with it, for book_found::lost
    fate last_restart = fate::cannot_tell;
    std::uint64_t seed = 0;
  };
  /// Begins a life. The first step's actions include what there is to say about the last one.
  medic(beginning from, instant now);

  std::vector<any_action> step(const any_event& happened, instant now, wall_time wall);
  /// When to come back with event::tick, if nothing else happens before.
  std::optional<instant> wake_at(instant now) const;

  phase in() const { return phase_; }
  bool ready() const { return ready_; }
  const ledger& book() const { return book_; }
  const rules& use() const { return rules_; }
  const circumstances& facts() const { return facts_; }
  const std::optional<cause>& current_cause() const { return cause_; }
  const threshold* standing_of(const std::string& probe) const;
  /// All that forbids a restart now; empty where one could start.
  std::vector<refusal> refusals(instant now, wall_time wall) const;
  /// Where the annotations of the Pod's first life could not be read at its start: what live edits are measured against.
  void remember_first_annotations(std::map<std::string, std::string> given) { book_.first_annotations = std::move(given); }
  /// This life ends as it means to.
  void end_cleanly();

 private:
  // One a kind of event; each may change the phase.
  void on(const event::check_done& e);
  void on(const event::container_started& e);
  void on(const event::drained& e);
  void on(const event::drain_aborted& e);
  void on(const event::diagnosed& e);
  void on(const event::committed& e);
  void on(const event::quiesced& e);
  void on(const event::restart_requested& e);
  void on(const event::stood_down& e);
  void on(const event::rules_changed& e);
  void on(const event::support_found& e);
  void on(const event::exit_not_honoured& e);
  void on(const event::tick& e);

  void judge_beginning(const beginning& from);
  void judge_last_restart(fate last_restart);
  void only_observe_from_now_on();  ///< the kubelet does not honour the exit code
  void advance();              ///< all that follows from time and standings alone
  void suspect_failing();
  void confirm_suspicion();
  void wait_for_turn();
  void watch_recovery();
  void note_first_pass();      ///< the moment in which every probe has passed since the containers started
  void note_recovery();        ///< the success condition has held long enough
  void cancel(std::string_view why);
  void forget_exit();          ///< the restart that is written down will not be carried out
  void cancel_if_forbidden();  ///< mode, pause and support are heeded up to the last moment
  void remember_pass(const std::string& probe, const threshold& t);
  void go_home();              ///< to where a healthy Pod belongs
  void hold(const refusal& because);
  void begin_drain();
  void back_to_waiting();      ///< from a drain that is called off while its cause goes on
  bool pending() const;        ///< the last restart's outcome is open
  bool nothing_ails() const;   ///< no probe that counts fails, or has to prove itself
  bool some_pass() const;      ///< one that counts (where none does, any) passed its last check
  bool cause_healed() const;
  std::string_view healed_text() const;
  bool cause_fails_now() const;  ///< the cause was seen in the last check
  bool out_of_traffic() const;
  bool enforces() const;       ///< Enforce, not paused, not in safe mode
  bool may_act() const;        ///< and restarts are possible
  bool all_judged(bool (*holds)(const threshold&)) const;  ///< probes that only observe are not asked
  void tell(severity level, std::string reason, std::string message, bool publish = true);
  rules rules_;
  ledger book_;
  circumstances facts_;
  random_source random_;
  std::map<std::string, threshold> thresholds_;
  phase phase_ = phase::starting;
  std::optional<cause> cause_;
  bool ready_ = true;
  bool ready_told_ = false;
  instant now_;
  wall_time wall_{};
  std::optional<instant> well_since_;      ///< since when the success condition holds
  bool all_passed_once_ = false;           ///< since the containers started
  instant draining_since_{};
  std::optional<refusal> drain_refused_;   ///< a hook aborted the last drain
  std::string told_refusals_;
  std::string told_closing_;
  std::vector<any_action> out_;
};

}  // namespace podmedic::policy
