#pragma once
#include "supervisor/policy/pod_state.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace podmedic::policy {

/// Whose restart a failing probe asks for: the Pod, a container's name, or empty for none.
std::string scope_of(const probe_rules& p);

/// The way of one scope, the Pod or one container, from a crossed threshold to recovery (design.md, Lifecycle). It starts
/// nothing that the arbiter refuses, and the arbiter refuses while another scope's restart is under way.
class lifecycle {
 public:
  static constexpr std::string_view pod_scope = "Pod";

  /// `pod` outlives it. `scope` is pod_scope or a container's name.
  lifecycle(pod_state& pod, std::string scope) : pod_(pod), scope_(std::move(scope)) { go_home(); }

  const std::string& scope() const { return scope_; }
  phase in() const { return phase_; }
  const std::optional<cause>& current_cause() const { return cause_; }
  bool out_of_traffic() const;
  /// All that forbids its restart now; empty where one could start.
  std::vector<refusal> refusals(instant now, wall_time wall) const;
  std::optional<instant> wake_at(instant now) const;

  void advance();              ///< all that follows from time and standings alone
  void cancel_if_forbidden();  ///< mode, pause and support are heeded up to the last moment
  void request(const event::restart_requested& e);
  void stand_down();
  void all_passed();           ///< every probe that counts has passed since the containers started
  void recovered();            ///< the success condition has held long enough
  // Answers to the actions of its restart.
  void on(const event::drained& e);
  void on(const event::drain_aborted& e);
  void on(const event::diagnosed& e);
  void on(const event::committed& e);
  void on(const event::quiesced& e);

 private:
  bool is_pod() const { return scope_ == pod_scope; }
  bool concerns(const probe_rules& p) const;
  std::string what() const;    ///< "all containers", or "container engine"
  void enter(phase next);
  void suspect_failing();
  void confirm_suspicion();
  void wait_for_turn();
  void begin_drain();
  void back_to_waiting();      ///< from a drain that is called off while its cause goes on
  void cancel(std::string_view why);
  void forget_exit();          ///< the restart that is written down will not be carried out
  void go_home();              ///< to where a healthy scope belongs
  void hold(const refusal& because);
  restart_record* last();      ///< restart of this scope
  bool pending();              ///< its outcome is open
  bool cause_healed() const;
  std::string_view healed_text() const;
  bool cause_fails_now() const;  ///< the cause was seen in the last check

  pod_state& pod_;
  std::string scope_;
  phase phase_ = phase::starting;
  std::optional<cause> cause_;
  instant draining_since_{};
  std::optional<refusal> drain_refused_;  ///< a hook aborted the last drain
  std::string told_refusals_;
  std::string told_closing_;
};

}  // namespace podmedic::policy
