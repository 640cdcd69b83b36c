#pragma once
#include "supervisor/policy/pod_state.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace podmedic::policy {

/// Whose restart a failing probe asks for: the Pod, a container's name, or empty for none.
std::string scope_of(const probe_rules& p);

/// The way of one scope, the Pod or one container, from a crossed threshold to recovery (design.md, Lifecycle). It
/// starts nothing that the arbiter refuses, and the arbiter refuses while another scope's restart is under way.
class lifecycle {
 public:
  static constexpr std::string_view pod_scope = ledger::pod_scope;

  /// `pod` outlives it. `scope` is pod_scope or a container's name.
  lifecycle(pod_state& pod, std::string scope) : pod_(pod), scope_(std::move(scope)) { go_home(); }

  const std::string& scope() const { return scope_; }
  phase in() const { return phase_; }
  const std::optional<cause>& current_cause() const { return cause_; }
  /// Whether podmedic may restart it as far as mode, pause and support go.
  bool may_act() const;
  /// Out of traffic by its doing. That which the fleet has to allow first counts once it does.
  bool out_of_traffic() const;
  /// Whether it restarts nothing because of a process that no signal ends.
  bool met_obstacle() const { return met_obstacle_; }
  /// All that forbids its restart now; empty where one could start.
  std::vector<refusal> refusals(instant now, wall_time wall) const;
  std::optional<instant> wake_at(instant now) const;
  /// Adds what it needs the fleet's turn for.
  void add_need(turn_need& need) const;
  precondition_need need_of_preconditions() const;

  void advance();              ///< all that follows from time and standings alone
  void cancel_if_forbidden();  ///< mode, pause and support are heeded up to the last moment
  void request(const event::restart_requested& e);
  void stand_down();
  void container_started();  ///< some container; all that is known of it is in the thresholds
  void all_passed();         ///< every probe that counts has passed since the containers started
  void recovered();          ///< the success condition has held long enough
  // Answers to the actions of its restart.
  void on(const event::drained& e);
  void on(const event::drain_aborted& e);
  void on(const event::diagnosed& e);
  void on(const event::committed& e);
  void on(const event::quiesced& e);
  void on(const event::eviction_answered& e);
  void on(const event::obstacle_gone& e);

 private:
  /// All but what the fleet and the preconditions say.
  std::vector<refusal> own_refusals(instant now, wall_time wall) const;
  bool waits() const;  ///< for a restart, or for an eviction that was not granted
  bool is_pod() const { return scope_ == pod_scope; }
  std::string_view container() const;  ///< empty for the Pod
  /// Whether what it sees is this scope's to mend: as asked for, or, where that did not help, one step up.
  bool concerns(const probe_rules& p) const;
  bool keeps_cause() const;  ///< it concerns this scope still
  bool falls_back_to_eviction() const;
  bool to_evict() const;  ///< nothing less is left to try, or can be done, and the rules allow it
  wish wanted(bool by_request) const;
  std::string what() const;  ///< "all containers", or "container engine"
  void enter(phase next);
  void suspect_failing();
  void confirm_suspicion();
  void wait_for_turn();
  void begin_drain();
  void begin_eviction();
  void eviction_written(const std::optional<std::string>& error);
  void ask_again();            ///< for an eviction that was not granted
  void end_eviction();         ///< one that is not granted is not asked for any more
  restart_record* eviction();  ///< the one that is written down and open
  void note_relapse();         ///< of every restart that was to mend the cause
  void impossible(std::string why);
  void back_to_waiting();  ///< from a drain that is called off while its cause goes on
  void cancel(std::string_view why);
  std::optional<std::string> likely_wedged() const;  ///< action::begin_quiesce::wedged
  void carried_out();                                ///< the restart that is written down
  void forget_exit();                                ///< the restart that is written down will not be carried out
  void go_home();                                    ///< to where a healthy scope belongs
  void hold(const refusal& because);
  void tell_kubelet_waits();
  restart_record* last() { return pod_.book.last_of(scope_); }  ///< restart of this scope
  bool pending() const;                                         ///< its outcome is open
  bool awaits_its_cause() const;                                ///< and what the restart was for does not pass yet
  bool cause_healed() const;
  std::string_view healed_text() const;
  std::optional<latency> latency_of(const std::string& probe) const;
  bool cause_fails_now() const;  ///< the cause was seen in the last check
  bool makes_worse() const;      ///< a probe says that of this scope's restart

  pod_state& pod_;
  std::string scope_;
  phase phase_ = phase::starting;
  std::optional<cause> cause_;
  instant draining_since_{};
  std::optional<refusal> drain_refused_;  ///< a hook aborted the last drain
  std::string told_refusals_;
  std::string told_closing_;
  bool ends_processes_ = false;  ///< since begin_quiesce, by signals
  bool impossible_ = false;      ///< no restart can end what is there
  bool met_obstacle_ = false;    ///< so, or held for it
  bool told_kubelet_waits_ = false;
};

}  // namespace podmedic::policy
