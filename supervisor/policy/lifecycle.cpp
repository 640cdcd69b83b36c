#include "supervisor/policy/lifecycle.hpp"

#include "supervisor/policy/text.hpp"

#include <algorithm>
#include <utility>

namespace podmedic::policy {

void lifecycle::advance() {
  switch (phase_) {
    case phase::starting:
    case phase::watching:
    case phase::recovering:
      suspect_failing();
      break;
    case phase::suspect:
      confirm_suspicion();
      break;
    case phase::draining:
    case phase::quiescing:
      if (cause_healed()) cancel(healed_text());
      break;
    default:
      break;
  }
  cancel_if_forbidden();
  if (phase_ == phase::waiting) wait_for_turn();
  if (phase_ == phase::starting || phase_ == phase::watching || phase_ == phase::recovering) go_home();
}

void lifecycle::cancel_if_forbidden() {
  if (in_restart(phase_) && !pod_.may_act()) cancel("podmedic may no longer act");
}

void lifecycle::suspect_failing() {
  for (const probe_rules& p : pod_.use.probes) {
    const threshold& t = pod_.thresholds.at(p.name);
    if (!concerns(p) || t.stands() != standing::failing || !t.last_was_failure()) continue;
    if (t.failures_in_a_row() < p.failure_threshold) continue;  // it still counts as ill, and passed lately
    cause_ = cause{.probe = p.name,
                   .why = t.why(),
                   .requested_by = {},
                   .failing_since = t.failing_since().value_or(pod_.now),
                   .failures_when_suspected = t.failures_in_a_row(),
                   .confirmed_at = {},
                   .unready_while_waiting = p.while_waiting == waiting::unready};
    enter(phase::suspect);
    told_closing_.clear();
    pod_.tell(severity::normal, "Suspected", "probe " + p.name + " failed " + std::to_string(p.failure_threshold) +
                                            " times in a row; one more check decides", false);
    pod_.act(action::confirm{p.name});
    return;
  }
}

void lifecycle::confirm_suspicion() {
  // The step that brought the suspicion ended with it; what is heard now is a later check.
  if (cause_healed()) return go_home();
  const threshold& t = pod_.thresholds.at(cause_->probe);
  if (t.failures_in_a_row() == 0) return go_home();  // it passed, if not often enough: it must cross its threshold anew
  if (t.last_was_unknown()) return suspect_failing();  // while this one cannot be asked, another may be ill
  if (t.failures_in_a_row() <= cause_->failures_when_suspected) return;
  cause_->why = t.why();
  if (const auto since = t.answering_no_since(); since && pod_.now - *since < pod_.use.closing_grace) {
    if (told_closing_.empty()) {
      told_closing_ = cause_->probe;
      pod_.tell(severity::normal, "MayBeClosing",
           "the target of probe " + cause_->probe + " answers no (" + cause_->why.message +
               "), as one does that was asked to stop; it gets " + in_seconds(pod_.use.closing_grace) + " to end");
    }
    return;
  }
  cause_->confirmed_at = pod_.now;
  if (pending()) {
    last()->ended = outcome::relapsed;
    pod_.act(action::save{});
    pod_.tell(severity::warning, "Relapsed", "the restart did not help: " + cause_->why.message);
  }
  enter(phase::waiting);
  told_refusals_.clear();
  pod_.tell(severity::warning, "FailureConfirmed", "probe " + cause_->probe + ": " + cause_->why.message);
}

void lifecycle::wait_for_turn() {
  if (cause_healed()) return cancel(healed_text());
  if (!cause_fails_now()) suspect_failing();  // while this one cannot be asked, another may be ill
  if (phase_ != phase::waiting) return;
  const std::vector<refusal> forbidden = refusals(pod_.now, pod_.wall);
  if (forbidden.empty()) {
    if (cause_fails_now()) begin_drain();
    return;
  }
  if (cause_->probe.empty() && !pass_by_themselves(forbidden)) {  // a person's wish does not outlive its day
    return cancel("not now: " + messages_of(forbidden));
  }
  if (pod_.may_act()) {
    const auto held = std::find_if(forbidden.begin(), forbidden.end(), [](const refusal& r) { return r.hold; });
    if (held != forbidden.end()) return hold(*held);
  }
  const std::string names = reasons_of(forbidden);
  const std::string messages = messages_of(forbidden);
  if (names == std::exchange(told_refusals_, names)) return;
  if (pod_.may_act()) {
    pod_.tell(severity::warning, "WaitingToRestart", "for probe " + cause_->probe + ": " + messages);
  } else {
    pod_.tell(severity::warning, is_pod() ? "WouldRestartAllContainers" : "WouldRestartContainer", "for probe " + cause_->probe + " (" + cause_->why.message +
                                                             "), and does not: " + messages);
  }
}

bool lifecycle::cause_fails_now() const {
  // A target that cannot be asked right now is no reason to restart, and not healed either.
  if (cause_->probe.empty()) return true;
  const threshold* t = pod_.standing_of(cause_->probe);
  return t != nullptr && t->last_was_failure();
}

void lifecycle::begin_drain() {
  enter(phase::draining);
  draining_since_ = pod_.now;
  pod_.tell(severity::normal, "Draining", "leaving traffic before " + what() + (is_pod() ? " are" : " is") + " restarted: " + cause_->why.message);
  pod_.act(action::begin_drain{});
}

void lifecycle::on(const event::drain_aborted& e) {
  if (phase_ != phase::draining) return;
  const milliseconds pause = next_wait(pod_.use.back_off, std::nullopt, pod_.random);
  drain_refused_ = refusal{{"DrainAborted", e.why}, pod_.now + pause, false};
  back_to_waiting();
}

void lifecycle::back_to_waiting() {
  enter(phase::waiting);
  told_refusals_.clear();
  pod_.act(action::cancel_drain{true});
}

void lifecycle::on(const event::drained&) {
  if (phase_ != phase::draining) return;
  if (!cause_fails_now()) return back_to_waiting();
  enter(phase::quiescing);
  pod_.tell(severity::normal, "Drained", "in " + std::to_string((pod_.now - draining_since_).count()) + " ms", false);
  pod_.act(action::begin_diagnose{});
}

void lifecycle::on(const event::diagnosed& e) {
  if (phase_ != phase::quiescing) return;
  if (cause_healed()) return cancel(healed_text());
  if (e.obstacle) {
    pod_.act(action::cancel_drain{true});
    return hold({{"RestartImpossible", *e.obstacle}, {}, true});
  }
  if (!cause_fails_now()) return back_to_waiting();
  if (pending()) last()->ended = outcome::relapsed;  // a request came before the last one was judged
  restart_record r;
  r.at = pod_.now;
  r.wall = pod_.wall;
  r.scope = scope_;
  r.probe = cause_->probe;
  r.why = cause_->why;
  r.requested_by = cause_->requested_by;
  r.wait_after = next_wait(pod_.use.back_off, previous_wait(pod_.book), pod_.random);
  r.detection = cause_->confirmed_at - cause_->failing_since;
  r.waited = draining_since_ - cause_->confirmed_at;
  r.drained = pod_.now - draining_since_;
  pod_.book.add(std::move(r));
  enter(phase::restarting);
  pod_.act(action::commit{});
}

void lifecycle::on(const event::committed& e) {
  if (phase_ != phase::restarting) return;
  if (e.error) {
    pod_.book.restarts.pop_back();
    pod_.tell(severity::warning, "LedgerUnwritable", "no restart without its record on disk: " + *e.error);
    return back_to_waiting();
  }
  pod_.facts.unwritable_until.reset();
  // From here on containers may start anew by podmedic's own doing, so this is the last look at what ails them.
  if (cause_healed()) return cancel(healed_text());
  if (!cause_fails_now()) return cancel("the probe cannot be asked at the moment");
  pod_.tell(severity::warning, is_pod() ? "RestartingAllContainers" : "RestartingContainer",
       (cause_->probe.empty() ? "requested by " + cause_->requested_by + ": " : "probe " + cause_->probe + ": ") +
           cause_->why.message);
  pod_.act(action::begin_quiesce{});
}

void lifecycle::on(const event::quiesced&) {
  if (phase_ != phase::restarting) return;
  pod_.book.last()->at = pod_.now;  // what budget and back-off count from: hooks and signals took their time
  pod_.book.last()->wall = pod_.wall;
  pod_.book.last()->exited = true;
  if (is_pod()) pod_.book.lives.back().clean = true;  // the exit is this life's end
  pod_.act(action::restart{scope_});
  if (is_pod()) return;
  // This life goes on, and the container's next process owes its first pass.
  for (const probe_rules& p : pod_.use.probes) {
    if (p.container != scope_) continue;
    pod_.thresholds.at(p.name).container_started(pod_.now, warm_up_limit(pod_.use.warm_up, pod_.book));
  }
  go_home();
}

void lifecycle::hold(const refusal& because) {
  enter(phase::holding);
  cause_.reset();
  pod_.tell(severity::warning, "Holding", because.why.message +
                                         ": no further restart until all probes pass, or until one is requested by "
                                         "`podmedic restart`");
  pod_.act(action::save{});
}

void lifecycle::cancel(std::string_view why) {
  if (in_restart(phase_)) pod_.act(action::cancel_drain{true});
  if (phase_ == phase::restarting) forget_exit();
  pod_.tell(severity::normal, "Cancelled", "no restart: " + std::string(why));
  go_home();
}

void lifecycle::forget_exit() {
  pod_.book.last()->ended = outcome::not_executed;
  pod_.book.lives.back().clean = false;  // it goes on
  pod_.act(action::save{});
}

void lifecycle::go_home() {
  cause_.reset();
  drain_refused_.reset();
  const bool proven = std::none_of(pod_.thresholds.begin(), pod_.thresholds.end(), [](const auto& named) {
    return named.second.stands() == standing::unproven && !named.second.last_was_unknown();
  });
  enter(pending() ? phase::recovering : proven ? phase::watching : phase::starting);
}

bool lifecycle::cause_healed() const {
  if (!cause_ || !cause_->requested_by.empty()) return false;
  const threshold* t = pod_.standing_of(cause_->probe);
  return t == nullptr || t->stands() != standing::failing;
}

std::string_view lifecycle::healed_text() const {
  const threshold* t = pod_.standing_of(cause_->probe);
  if (t == nullptr) return "the probe is gone";
  return t->stands() == standing::healthy ? "the probe passes again" : "the container has started anew";
}

void lifecycle::all_passed() {
  if (!pending() || last()->first_pass) return;
  last()->first_pass = pod_.now - last()->at;
  pod_.tell(severity::normal, "Answering", "all probes pass " + in_seconds(*last()->first_pass) + " after the restart", false);
}

void lifecycle::recovered() {
  const std::string lasted = "all probes have passed for " + in_seconds(pod_.use.success.stable);
  if (pending()) {
    restart_record& record = *last();
    record.ended = outcome::recovered;
    record.recovery = *pod_.well_since - record.at;
    record.recovered_at = pod_.now;
    pod_.tell(severity::normal, "Recovered", lasted + "; recovery took " + in_seconds(*record.recovery));
    pod_.act(action::run_recovered_hooks{});
    pod_.act(action::save{});
  } else if (phase_ == phase::holding || unrecovered(pod_.book) > 0) {
    pod_.book.healed_at = pod_.now;
    pod_.act(action::save{});
  }
  if (phase_ == phase::holding) {
    pod_.tell(severity::normal, "HoldEnded", lasted);
    go_home();
  }
}

void lifecycle::request(const event::restart_requested& e) {
  const auto answer = [this](bool accepted, std::string message) {
    pod_.act(action::answer{accepted, std::move(message)});
  };
  if (pod_.restarting) return answer(false, "a restart is under way already");
  const std::vector<refusal> forbidden = ask(pod_.use, pod_.book, pod_.facts, {true}, pod_.now, pod_.wall);
  if (!pass_by_themselves(forbidden)) return answer(false, "not now: " + messages_of(forbidden));
  const bool stay_unready = phase_ == phase::waiting && cause_ && cause_->unready_while_waiting;
  cause_ = cause{.probe = {},
                 .why = {"Requested", e.reason},
                 .requested_by = e.by,
                 .failing_since = pod_.now,
                 .failures_when_suspected = 0,
                 .confirmed_at = pod_.now,
                 .unready_while_waiting = stay_unready};
  enter(phase::waiting);
  told_refusals_ = reasons_of(forbidden);
  pod_.tell(severity::normal, "RestartRequested", "by " + e.by + ": " + e.reason);
  answer(true, forbidden.empty() ? "draining, then restarting " + what() : "accepted, and waiting: " + messages_of(forbidden));
}

void lifecycle::stand_down() {
  if (in_restart(phase_)) pod_.act(action::cancel_drain{false});
  if (phase_ == phase::restarting) forget_exit();
  enter(phase::standing_down);
}

std::vector<refusal> lifecycle::refusals(instant now, wall_time wall) const {
  const bool by_request = cause_ && !cause_->requested_by.empty();
  std::vector<refusal> all = ask(pod_.use, pod_.book, pod_.facts, {by_request}, now, wall);
  if (drain_refused_ && now < *drain_refused_->until) all.push_back(*drain_refused_);
  if (pod_.restarting && *pod_.restarting != scope_) {
    all.push_back({{"AnotherRestart", "the restart of scope " + *pod_.restarting + " is under way"}, {}, false});
  }
  return all;
}

std::optional<instant> lifecycle::wake_at(instant now) const {
  constexpr milliseconds at_least{10};
  constexpr milliseconds wall_clock_look{1000};  // pauses and windows end by the wall clock, which may jump
  std::optional<instant> next;
  const auto wake = [&](instant at) { next = std::min(next.value_or(at), std::max(at, now + at_least)); };
  if (phase_ == phase::waiting) {
    for (const refusal& r : refusals(now, pod_.wall)) wake(r.until.value_or(now + wall_clock_look));
  }
  if ((phase_ == phase::recovering || phase_ == phase::holding) && pod_.well_since) {
    wake(*pod_.well_since + pod_.use.success.stable);
  }
  return next;
}

bool lifecycle::out_of_traffic() const {
  switch (phase_) {
    case phase::waiting:
      return cause_ && cause_->unready_while_waiting;
    case phase::draining:
    case phase::quiescing:
    case phase::restarting:
      return true;
    case phase::recovering:  // back in traffic when what was ill has passed once, or its warm-up ran out
      return std::any_of(pod_.use.probes.begin(), pod_.use.probes.end(), [this](const probe_rules& p) {
        if (!concerns(p) || p.while_waiting != waiting::unready) return false;
        // Nothing is learned of a container that is still to start. It will come: the probe has passed before.
        const threshold& t = pod_.thresholds.at(p.name);
        return t.warming_up(pod_.now) || (pod_.book.passed.contains(p.name) && t.awaits_container(pod_.now));
      });
    case phase::holding:
      return pod_.use.hold == holding::unready;
    default:
      return false;
  }
}

bool lifecycle::concerns(const probe_rules& p) const {
  return scope_of(p) == scope_;
}

std::string lifecycle::what() const {
  return is_pod() ? "all containers" : "container " + scope_;
}

void lifecycle::enter(phase next) {
  if (in_restart(next)) {
    pod_.restarting = scope_;
  } else if (in_restart(phase_)) {
    pod_.restarting.reset();
  }
  phase_ = next;
}

restart_record* lifecycle::last() {
  auto& all = pod_.book.restarts;
  const auto found = std::find_if(all.rbegin(), all.rend(), [this](const restart_record& r) { return r.scope == scope_; });
  return found == all.rend() ? nullptr : &*found;
}

bool lifecycle::pending() {
  const restart_record* latest = last();
  return latest != nullptr && latest->ended == outcome::pending && latest->exited;
}

std::string scope_of(const probe_rules& p) {
  switch (p.on_failure) {
    case remedy::restart_all_containers:
      return std::string(lifecycle::pod_scope);
    case remedy::restart_container:
      return p.container;
    default:
      return {};
  }
}

}  // namespace podmedic::policy
