#pragma once
#include "supervisor/policy/events.hpp"
#include "supervisor/policy/ledger.hpp"
#include "supervisor/policy/lifecycle.hpp"
#include "supervisor/policy/pod_state.hpp"
#include "supervisor/policy/rules.hpp"

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Every decision of podmedic, without I/O and without a clock: events in, actions out. The same code decides in the
/// Pod, in the tests and in the simulator.
namespace podmedic::policy {

/// What became of the restart that the ledger ends with, as far as the new life can see it.
enum class fate {
  cannot_tell,  ///< counts as restarted
  restarted,    ///< no other container is older than the restart
  unchanged,    ///< another container is: podmedic did not come to exit with the code, or event::exit_not_honoured
                ///< follows
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

  /// Where the Pod is; the containers' own lifecycles are in scopes().
  phase in() const { return pod().in(); }
  bool ready() const { return ready_; }
  const ledger& book() const { return state_->book; }
  const rules& use() const { return state_->use; }
  const circumstances& facts() const { return state_->facts; }
  /// For people: whether replicas take turns, and where this one stands.
  std::string turn_state(instant now) const { return state_->fleet_turn.state(state_->use, now); }
  const std::optional<cause>& current_cause() const { return pod().current_cause(); }
  const threshold* standing_of(const std::string& probe) const { return state_->standing_of(probe); }
  /// All that forbids a restart of the Pod now; empty where one could start.
  std::vector<refusal> refusals(instant now, wall_time wall) const { return pod().refusals(now, wall); }
  /// The Pod first, then each container that a probe may restart alone, or a person asked to be.
  const std::list<lifecycle>& scopes() const { return scopes_; }
  /// Where the annotations of the Pod's first life could not be read at its start: what live edits are measured
  /// against.
  void remember_first_annotations(std::map<std::string, std::string> given) {
    state_->book.first_annotations = std::move(given);
  }
  /// This life ends as it means to.
  void end_cleanly();

 private:
  // One a kind of event; each may change the phase.
  void on(const event::check_done& e);
  void on(const event::container_started& e);
  void on(const event::drained& e);
  void on(const event::drain_aborted& e);
  void on(const event::drain_undone& e);
  void on(const event::diagnosed& e);
  void on(const event::committed& e);
  void on(const event::ledger_tried& e);
  void on(const event::quiesced& e);
  void on(const event::eviction_answered& e);
  void on(const event::obstacle_gone& e);
  void on(const event::restart_requested& e);
  bool is_repeated(const event::restart_requested& e);
  void on(const event::stood_down& e);
  void on(const event::rules_changed& e);
  void on(const event::support_found& e);
  void on(const event::place_asked& e);
  void on(const event::place_found& e);
  void on(const event::fleet_read& e);
  void on(const event::lease_read& e);
  void on(const event::lease_written& e);
  void on(const event::preconditions_answered& e);
  void on(const event::success_metrics_read& e);
  void on(const event::exit_not_honoured& e);
  void on(const event::tick& e);

  void support_of_container_found(const event::support_found& e);
  void support_of_signals_found(const event::support_found& e);
  bool restarts_only_containers() const;  ///< as far as the probes ask for restarts
  void judge_beginning(const beginning& from);
  void judge_last_restart(fate last_restart);
  bool kubelet_lacks_it() const;  ///< as the last exit with the code has shown
  void fall_back_from_now_on();   ///< the kubelet does not honour the exit code
  void make_scopes();             ///< a lifecycle for the Pod and for each container that may be restarted alone
  void watch_health();            ///< the success condition, which is the same for every scope
  void note_first_pass();         ///< the moment in which every probe has passed since the containers started
  void remember_pass(const std::string& probe, const threshold& t);
  bool nothing_ails() const;     ///< no probe that counts fails, or has to prove itself
  bool outcome_is_open() const;  ///< of a restart, or podmedic holds
  bool needs_success_metrics() const;
  bool some_pass() const;  ///< one that counts (where none does, any) passed its last check
  bool out_of_traffic() const;
  bool drain_is_left() const;    ///< in traffic, and what the Drain hooks did is not being taken back
  bool drains_by_probe() const;  ///< a probe fails that asks for a drain
  turn_need need_of_turn() const;
  precondition_need need_of_preconditions() const;
  lifecycle* restarting();  ///< the one whose restart is under way
  lifecycle& pod() { return scopes_.front(); }
  const lifecycle& pod() const { return scopes_.front(); }

  std::unique_ptr<pod_state> state_;
  std::list<lifecycle> scopes_;  ///< each refers to *state_
  bool ready_ = true;
  bool ready_told_ = false;
  bool all_passed_once_ = false;  ///< since the containers started
};

}  // namespace podmedic::policy
