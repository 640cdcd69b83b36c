#include "supervisor/policy/lifecycle.hpp"

#include "supervisor/policy/text.hpp"

#include <algorithm>
#include <utility>

namespace podmedic::policy {
namespace {

/// Where both are known.
std::string comparison_of(const restart_record& r) {
  if (!r.latency_before || !r.latency_after) return {};
  return "; 99 % of the checks took at most " + std::to_string(r.latency_after->p99.count()) + " ms, before " +
         std::to_string(r.latency_before->p99.count()) + " ms";
}

}  // namespace

void lifecycle::advance() {
  switch (phase_) {
    case phase::starting:
    case phase::watching:
    case phase::recovering: suspect_failing(); break;
    case phase::suspect: confirm_suspicion(); break;
    case phase::draining:
    case phase::quiescing:
      if (cause_healed()) {
        cancel(healed_text());
      } else if (makes_worse() || !pod_.unmet().empty()) {
        back_to_waiting();
      }
      break;
    default: break;
  }
  cancel_if_forbidden();
  if (phase_ == phase::waiting) wait_for_turn();
  if (phase_ == phase::holding && cause_) ask_again();
  if (phase_ == phase::recovering) tell_kubelet_waits();
  if (phase_ == phase::starting || phase_ == phase::watching || phase_ == phase::recovering) go_home();
}

void lifecycle::cancel_if_forbidden() {
  if (!in_restart(phase_)) return;
  if (!may_act()) return cancel("podmedic may no longer act");
  if (!pod_.may_be_out()) cancel("the fleet's turn was lost");
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
    impossible_ = met_obstacle_ = false;
    told_closing_.clear();
    pod_.tell(severity::normal, "Suspected",
              "probe " + p.name + " failed " + std::to_string(p.failure_threshold) +
                  " times in a row; one more check decides",
              false);
    pod_.try_ledger();
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
  note_relapse();
  enter(phase::waiting);
  told_refusals_.clear();
  pod_.tell(severity::warning, "FailureConfirmed", "probe " + cause_->probe + ": " + cause_->why.message);
}

void lifecycle::note_relapse() {
  bool relapsed = false;
  for (restart_record& r : pod_.book.restarts) {
    if (r.ended != outcome::pending || !r.exited || r.by == method::eviction) continue;
    if (r.scope != scope_ && r.probe != cause_->probe) continue;
    r.ended = outcome::relapsed;
    relapsed = true;
  }
  if (!relapsed) return;
  pod_.act(action::save{});
  pod_.tell(severity::warning, "Relapsed", "the restart did not help: " + cause_->why.message);
}

void lifecycle::wait_for_turn() {
  if (cause_healed()) return cancel(healed_text());
  if (!cause_fails_now()) suspect_failing();  // while this one cannot be asked, another may be ill
  if (phase_ != phase::waiting) return;
  if (!keeps_cause()) return go_home();  // the Pod's lifecycle takes it up
  const std::vector<refusal> forbidden = refusals(pod_.now, pod_.wall);
  if (forbidden.empty()) {
    if (pod_.facts.unwritable_until) return pod_.try_ledger();
    if (!cause_fails_now() || pod_.ledger_asked || !pod_.preconditions_hold()) return;
    return to_evict() ? begin_eviction() : begin_drain();
  }
  if (cause_->probe.empty() && !pass_by_themselves(forbidden)) {  // a person's wish does not outlive its day
    return cancel("not now: " + messages_of(forbidden));
  }
  if (may_act()) {
    const auto held = std::find_if(forbidden.begin(), forbidden.end(), [](const refusal& r) { return r.hold; });
    if (held != forbidden.end()) return hold(*held);
  }
  const std::string names = reasons_of(forbidden);
  if (names == asking_for_turn) return;
  const std::string messages = messages_of(forbidden);
  if (names == std::exchange(told_refusals_, names)) return;
  if (may_act()) {
    pod_.tell(severity::warning, "WaitingToRestart", "for probe " + cause_->probe + ": " + messages);
  } else {
    pod_.tell(severity::warning,
              to_evict() ? "WouldEvict"
              : is_pod() ? "WouldRestartAllContainers"
                         : "WouldRestartContainer",
              "for probe " + cause_->probe + " (" + cause_->why.message + "), and does not: " + messages);
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
  if (climbs(pod_.use, pod_.book) && cause_->requested_by.empty()) {
    pod_.tell(severity::warning, "Escalating",
              std::to_string(unrecovered(pod_.book)) +
                  " restarts in a row did not lead to recovery: all containers are restarted, once");
  }
  pod_.tell(severity::normal, "Draining",
            "leaving traffic before " + what() + (is_pod() ? " are" : " is") + " restarted: " + cause_->why.message);
  pod_.book.drained_at = pod_.now;
  pod_.undo = {};
  pod_.act(action::save{});  // before a hook runs: a life that ends here leaves it to the next one to undo them
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
  pod_.cancel_drain(true);
}

void lifecycle::on(const event::drained&) {
  if (phase_ != phase::draining) return;
  if (!cause_fails_now()) return back_to_waiting();
  enter(phase::quiescing);
  pod_.tell(severity::normal, "Drained", "in " + std::to_string((pod_.now - draining_since_).count()) + " ms", false);
  pod_.act(action::begin_diagnose{scope_});
}

void lifecycle::on(const event::diagnosed& e) {
  if (phase_ != phase::quiescing) return;
  if (cause_healed()) return cancel(healed_text());
  if (e.obstacle) {
    pod_.cancel_drain(true);
    return impossible(*e.obstacle);
  }
  if (!cause_fails_now() || pod_.facts.unwritable_until || to_evict()) return back_to_waiting();
  if (!pod_.preconditions_hold()) return back_to_waiting();
  if (pending()) last()->ended = outcome::relapsed;  // a request came before the last one was judged
  restart_record r;
  r.at = pod_.now;
  r.wall = pod_.wall;
  r.scope = scope_;
  r.by = wanted(!cause_->requested_by.empty()).by;
  r.probe = cause_->probe;
  r.why = cause_->why;
  r.requested_by = cause_->requested_by;
  r.request_id = cause_->request_id;
  r.wait_after = next_wait(pod_.use.back_off, previous_wait(pod_.book), pod_.random);
  r.detection = cause_->confirmed_at - cause_->failing_since;
  r.waited = draining_since_ - cause_->confirmed_at;
  r.drained = pod_.now - draining_since_;
  r.latency_before = latency_of(r.probe);
  r.metrics_before = e.metrics;
  pod_.book.add(std::move(r));
  enter(phase::restarting);
  pod_.act(action::commit{});
}

void lifecycle::on(const event::committed& e) {
  if (phase_ == phase::evicting) return eviction_written(e.error);
  if (phase_ != phase::restarting) return;
  if (e.error) {
    pod_.book.restarts.pop_back();
    pod_.tell(severity::warning, "LedgerUnwritable", "no restart without its record on disk: " + *e.error);
    return back_to_waiting();
  }
  if (pod_.facts.unwritable_until) return cancel("the ledger could not be written meanwhile");
  // From here on containers may start anew by podmedic's own doing, so this is the last look at what ails them.
  if (cause_healed()) return cancel(healed_text());
  if (!cause_fails_now()) return cancel("the probe cannot be asked at the moment");
  if (makes_worse()) return cancel(wanted(false).makes_worse.front());
  if (const std::vector<refusal> unmet = pod_.unmet(); !unmet.empty()) return cancel(messages_of(unmet));
  if (falls_back_to_eviction() || (is_pod() && last()->by != method_for_all(pod_.use, pod_.facts))) {
    return cancel("what the kubelet can do was found to be otherwise meanwhile");
  }
  pod_.tell(severity::warning, is_pod() ? "RestartingAllContainers" : "RestartingContainer",
            (cause_->probe.empty() ? "requested by " + cause_->requested_by + ": " : "probe " + cause_->probe + ": ") +
                cause_->why.message);
  ends_processes_ = !is_pod() || last()->by == method::signal_all;
  pod_.act(action::begin_quiesce{scope_, last()->by, likely_wedged()});
}

std::optional<std::string> lifecycle::likely_wedged() const {
  if (!is_pod() || !cause_->unready_while_waiting) return std::nullopt;
  for (const probe_rules& p : pod_.use.probes) {
    if (p.name == cause_->probe) return p.container;
  }
  return std::nullopt;  // a person asked
}

void lifecycle::on(const event::quiesced& e) {
  if (phase_ != phase::restarting) return;
  const instant began = last()->at;
  carried_out();
  told_kubelet_waits_ = false;
  if (e.obstacle) {
    last()->ended = outcome::not_executed;
    return impossible(*e.obstacle);
  }
  const bool stays = ends_processes_;
  pod_.act(action::restart{scope_, last()->by});
  if (!stays) {
    pod_.book.lives.back().clean = true;  // the exit is this life's end
    return;
  }
  if (is_pod()) pod_.book.drained_at.reset();  // whoever heard the Drain hooks has ended
  // This life goes on, and the containers' next processes owe their first pass. They may be there already.
  for (const probe_rules& p : pod_.use.probes) {
    if (!is_pod() && !p.container.empty() && p.container != scope_) continue;
    threshold& t = pod_.thresholds.at(p.name);
    if (t.started() < began) t.container_ended(pod_.now, warm_up_limit(pod_.use.warm_up, pod_.book));
  }
  pod_.well_since.reset();
  go_home();
}

void lifecycle::impossible(std::string why) {
  if (pod_.use.escalate != escalation::evict || !cause_->requested_by.empty()) {
    hold({{"RestartImpossible", std::move(why)}, {}, true});
    met_obstacle_ = true;
    return;
  }
  enter(phase::waiting);
  impossible_ = met_obstacle_ = true;
  told_refusals_.clear();
  pod_.tell(severity::warning, "RestartImpossible", why + ": the Pod is to be evicted (escalation: Evict)");
}

void lifecycle::on(const event::obstacle_gone&) {
  if (!std::exchange(met_obstacle_, false)) return;
  impossible_ = false;
  if (phase_ != phase::holding) return;
  pod_.tell(severity::normal, "HoldEnded", "a restart can be carried out: what no signal ended is gone");
  go_home();
}

restart_record* lifecycle::eviction() {
  restart_record* latest = pod_.book.last();
  const bool open = latest != nullptr && latest->by == method::eviction && latest->scope == scope_ &&
                    latest->ended == outcome::pending;
  return open ? latest : nullptr;
}

void lifecycle::begin_eviction() {
  const milliseconds wait = next_wait(pod_.use.back_off, previous_wait(pod_.book), pod_.random);
  if (eviction() == nullptr) {
    restart_record r;
    r.scope = scope_;
    r.by = method::eviction;
    r.probe = cause_->probe;
    r.why = cause_->why;
    r.detection = cause_->confirmed_at - cause_->failing_since;
    r.waited = pod_.now - cause_->confirmed_at;
    pod_.book.add(std::move(r));
  }
  restart_record& asked = *pod_.book.last();
  asked.at = pod_.now;
  asked.wall = pod_.wall;
  asked.wait_after = wait;
  enter(phase::evicting);
  pod_.act(action::commit{});
}

void lifecycle::eviction_written(const std::optional<std::string>& error) {
  if (error) pod_.tell(severity::warning, "LedgerUnwritable", "no eviction without its record on disk: " + *error);
  if (cause_healed()) return cancel(healed_text());
  const bool forbidden = makes_worse() || !pod_.unmet().empty();
  if (error || pod_.facts.unwritable_until || !cause_fails_now() || !to_evict() || forbidden) {
    end_eviction();
    return enter(phase::waiting);
  }
  pod_.tell(severity::warning, "Evicting",
            "asking the API to evict the Pod, for probe " + cause_->probe + ": " + cause_->why.message);
  pod_.act(action::evict{});
}

void lifecycle::on(const event::eviction_answered& e) {
  if (phase_ != phase::evicting || eviction() == nullptr) return;
  restart_record& asked = *eviction();
  asked.at = pod_.now;
  asked.wall = pod_.wall;
  enter(phase::holding);
  const std::string next = "; it is asked for again in " + in_seconds(asked.wait_after) + " at the earliest";
  switch (e.found) {
    case event::eviction_answered::answer::granted:
      asked.exited = true;
      asked.wait_after = pod_.use.back_off.cap;  // nothing else is begun while the kubelet ends the Pod
      pod_.tell(severity::warning, "Evicted",
                "the API has granted it: the Pod is being ended, for another to take over");
      break;
    case event::eviction_answered::answer::refused:
      pod_.tell(severity::warning, "EvictionRefused", e.message + next);
      break;
    case event::eviction_answered::answer::failed:
      pod_.tell(severity::warning, "EvictionFailed", e.message + next);
      break;
  }
  pod_.act(action::save{});
}

void lifecycle::ask_again() {
  if (cause_healed() || !to_evict()) {
    pod_.tell(severity::normal, "HoldEnded",
              "no eviction: " + std::string(cause_healed() ? healed_text() : "a restart can be carried out"));
    return go_home();
  }
  if (!cause_fails_now() || !refusals(pod_.now, pod_.wall).empty()) return;
  if (pod_.facts.unwritable_until) return pod_.try_ledger();
  if (!pod_.ledger_asked && pod_.preconditions_hold()) begin_eviction();
}

void lifecycle::end_eviction() {
  restart_record* open = eviction();
  if (open == nullptr || open->exited) return;
  open->ended = outcome::not_executed;
  pod_.act(action::save{});
}

void lifecycle::carried_out() {
  last()->at = pod_.now;  // what budget and back-off count from: hooks and signals took their time
  last()->wall = pod_.wall;
  last()->exited = true;
}

void lifecycle::hold(const refusal& because) {
  end_eviction();
  enter(phase::holding);
  cause_.reset();
  impossible_ = met_obstacle_ = false;
  pod_.tell(severity::warning, "Holding",
            because.why.message +
                ": no further restart until all probes pass, or until one is requested by "
                "`podmedic restart`");
  pod_.act(action::save{});
}

void lifecycle::cancel(std::string_view why) {
  if (in_restart(phase_)) pod_.cancel_drain(phase_ != phase::evicting);
  if (phase_ == phase::restarting) forget_exit();
  pod_.tell(severity::normal, "Cancelled", "no restart: " + std::string(why));
  go_home();
}

void lifecycle::forget_exit() {
  if (ends_processes_) {
    carried_out();  // a signal may have reached it, so in doubt it was
  } else {
    // Containers that a graceful stop did end come back one by one: as good as a restart to budget and back-off.
    if (is_pod() && pod_.use.graceful_stop.timeout.count() > 0) last()->at = pod_.now;
    last()->ended = outcome::not_executed;
  }
  pod_.book.lives.back().clean = false;  // it goes on
  pod_.act(action::save{});
}

void lifecycle::go_home() {
  end_eviction();
  cause_.reset();
  impossible_ = met_obstacle_ = false;
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

void lifecycle::container_started() {
  if (!pending() || last()->containers_up) return;
  std::optional<instant> latest;
  for (const probe_rules& p : pod_.use.probes) {
    if (!is_pod() && p.container != scope_) continue;
    const threshold& t = pod_.thresholds.at(p.name);
    if (!t.container_seen() || t.started() < last()->at) return;
    latest = std::max(latest.value_or(t.started()), t.started());
  }
  if (!latest) return;
  last()->containers_up = *latest - last()->at;  // on disk with the first pass
}

void lifecycle::all_passed() {
  if (!pending() || last()->first_pass) return;
  last()->first_pass = pod_.now - last()->at;
  pod_.tell(severity::normal, "Answering", "all probes pass " + in_seconds(*last()->first_pass) + " after the restart",
            false);
}

void lifecycle::recovered() {
  if (awaits_its_cause()) return;
  const std::string lasted = "all probes have passed for " + in_seconds(pod_.use.success.stable);
  if (pending()) {
    restart_record& record = *last();
    record.ended = outcome::recovered;
    record.recovery = *pod_.well_since - record.at;
    record.recovered_at = pod_.now;
    record.latency_after = latency_of(record.probe);
    record.metrics_after = pod_.use.success.metrics.empty() ? std::map<std::string, double>() : pod_.bounds.values();
    pod_.tell(severity::normal, "Recovered",
              lasted + "; recovery took " + in_seconds(*record.recovery) + comparison_of(record));
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

std::optional<latency> lifecycle::latency_of(const std::string& probe) const {
  const threshold* t = pod_.standing_of(probe);
  return t == nullptr ? std::nullopt : t->passed_in();
}

void lifecycle::request(const event::restart_requested& e) {
  const auto answer = [this](bool accepted, std::string message) {
    pod_.act(action::answer{accepted, std::move(message)});
  };
  if (pod_.restarting) return answer(false, "a restart is under way already");
  const std::vector<refusal> forbidden = ask(pod_.use, pod_.book, pod_.facts, wanted(true), pod_.now, pod_.wall);
  if (!pass_by_themselves(forbidden)) return answer(false, "not now: " + messages_of(forbidden));
  end_eviction();
  impossible_ = met_obstacle_ = false;
  const bool stay_unready = phase_ == phase::waiting && cause_ && cause_->unready_while_waiting;
  cause_ = cause{.probe = {},
                 .why = {"Requested", e.reason},
                 .requested_by = e.by,
                 .request_id = e.id,
                 .failing_since = pod_.now,
                 .failures_when_suspected = 0,
                 .confirmed_at = pod_.now,
                 .unready_while_waiting = stay_unready};
  enter(phase::waiting);
  pod_.try_ledger();
  told_refusals_ = reasons_of(forbidden);
  pod_.tell(severity::normal, "RestartRequested", "by " + e.by + ": " + e.reason);
  const std::vector<refusal> not_yet = refusals(pod_.now, pod_.wall);
  if (!not_yet.empty()) return answer(true, "accepted, and waiting: " + messages_of(not_yet));
  answer(true, (pod_.preconditions_hold() ? "" : "asking the preconditions, then ") +
                   ("draining, then restarting " + what()));
}

void lifecycle::stand_down() {
  if (in_restart(phase_)) pod_.cancel_drain(false);
  if (phase_ == phase::restarting) forget_exit();
  enter(phase::standing_down);
}

std::vector<refusal> lifecycle::refusals(instant now, wall_time wall) const {
  std::vector<refusal> all = own_refusals(now, wall);
  if (may_act()) {
    for (refusal& each : pod_.outside.refusals(pod_.use, now)) all.push_back(std::move(each));
  }
  // A turn is asked for when nothing else stands against it.
  if (!all.empty() || !cause_ || !may_act()) return all;
  return pod_.fleet_turn.refusals(cause_->probe, pod_.use, now);
}

void lifecycle::add_need(turn_need& need) const {
  if (in_restart(phase_)) need.keep = true;
  const bool to_be_judged = (phase_ == phase::recovering || phase_ == phase::suspect) && pending();
  if (to_be_judged && pod_.now - pod_.book.last_of(scope_)->at < lease_duration(pod_.use)) need.keep = true;
  if (!may_act()) return;
  if (phase_ == phase::holding && pod_.use.hold == holding::unready) need.leave = true;
  if (!waits()) return;
  const bool may_start =
      own_refusals(pod_.now, pod_.wall).empty() && pod_.unmet().empty() && !pod_.facts.unwritable_until;
  const bool leaves = phase_ == phase::waiting && cause_->unready_while_waiting && !pod_.facts.unwritable_until;
  need.restart = need.restart || may_start;
  need.leave = need.leave || leaves;
  if (may_start || leaves) need.probe = cause_->probe;
}

bool lifecycle::waits() const {
  return (phase_ == phase::waiting || phase_ == phase::holding) && cause_;
}

precondition_need lifecycle::need_of_preconditions() const {
  if (phase_ == phase::draining || phase_ == phase::quiescing) return precondition_need::fresh;
  if (in_restart(phase_)) return precondition_need::remembered;
  if (!waits()) return precondition_need::none;
  // They are asked last of all, so that a waiting fleet does not ask all the time.
  if (!may_act() || !own_refusals(pod_.now, pod_.wall).empty()) return precondition_need::remembered;
  if (!pod_.unmet().empty()) return precondition_need::fresh;
  return refusals(pod_.now, pod_.wall).empty() ? precondition_need::fresh : precondition_need::remembered;
}

std::vector<refusal> lifecycle::own_refusals(instant now, wall_time wall) const {
  const bool by_request = cause_ && !cause_->requested_by.empty();
  std::vector<refusal> all = ask(pod_.use, pod_.book, pod_.facts, wanted(by_request), now, wall);
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
  const auto wake = [&](instant at) {
    const instant not_now = std::max(at, now + at_least);
    next = std::min(next.value_or(not_now), not_now);
  };
  if (waits()) {
    for (const refusal& r : refusals(now, pod_.wall)) wake(r.until.value_or(now + wall_clock_look));
  }
  const bool looks_for_health = (phase_ == phase::recovering || phase_ == phase::holding) && !pod_.restarting;
  if (looks_for_health && pod_.well_since && !awaits_its_cause()) {
    wake(*pod_.well_since + pod_.use.success.stable);
  }
  return next;
}

bool lifecycle::out_of_traffic() const {
  switch (phase_) {
    case phase::evicting:
    case phase::waiting:  // one that cannot write its ledger would be out for nothing
      return cause_ && cause_->unready_while_waiting && !pod_.facts.unwritable_until && pod_.may_be_out();
    case phase::draining:
    case phase::quiescing:
    case phase::restarting: return true;
    case phase::recovering:  // back in traffic when what was ill has passed once, or its warm-up ran out
      return std::any_of(pod_.use.probes.begin(), pod_.use.probes.end(), [this](const probe_rules& p) {
        const bool was_ill = scope_of(p) == scope_ || (pending() && p.name == pod_.book.last_of(scope_)->probe);
        if (!was_ill || p.while_waiting != waiting::unready) return false;
        // Nothing is learned of a container that is still to start. It will come: the probe has passed before.
        const threshold& t = pod_.thresholds.at(p.name);
        return t.warming_up(pod_.now) || (pod_.book.passed.contains(p.name) && t.awaits_container(pod_.now));
      });
    case phase::holding: return pod_.use.hold == holding::unready && pod_.may_be_out();
    default: return false;
  }
}

void lifecycle::tell_kubelet_waits() {
  constexpr milliseconds usual{10'000};
  if (told_kubelet_waits_ || !pending() || (is_pod() && last()->by != method::signal_all)) return;
  if (pod_.now - last()->at < usual) return;
  const auto absent = std::find_if(pod_.use.probes.begin(), pod_.use.probes.end(), [this](const probe_rules& p) {
    const threshold& t = pod_.thresholds.at(p.name);
    return (is_pod() || p.container == scope_) && !t.container_seen() && t.last_was_unknown();
  });
  if (absent == pod_.use.probes.end()) return;
  told_kubelet_waits_ = true;
  pod_.tell(severity::normal, "KubeletWaits",
            (absent->container.empty() ? "the container" : "container " + absent->container) + " has no process " +
                in_seconds(pod_.now - last()->at) +
                " after it was ended: the kubelet waits before it starts it (CrashLoopBackOff: 10 s after the second "
                "end, doubling to 300 s); podmedic waits with it");
}

bool lifecycle::may_act() const {
  return pod_.enforces() && !obstacle_to(pod_.facts, wanted(cause_ && !cause_->requested_by.empty()));
}

std::string_view lifecycle::container() const {
  return is_pod() ? std::string_view() : scope_;
}

wish lifecycle::wanted(bool by_request) const {
  wish all{.by_request = by_request, .container = std::string(container())};
  if (is_pod()) all.by = method_for_all(pod_.use, pod_.facts);
  if (!by_request && to_evict()) all.by = method::eviction;
  for (const probe_rules& p : pod_.use.probes) {
    const auto& why = pod_.thresholds.at(p.name).forbids_restart();
    const bool in_scope = is_pod() || all.by == method::eviction || p.container.empty() || p.container == scope_;
    if (why && in_scope) all.makes_worse.push_back("probe " + p.name + ": " + why->message);
  }
  return all;
}

bool lifecycle::makes_worse() const {
  return !wanted(false).makes_worse.empty();
}

bool lifecycle::concerns(const probe_rules& p) const {
  if (p.on_failure != remedy::restart_container || !climbs(pod_.use, pod_.book)) return scope_of(p) == scope_;
  // The restart that counts is still being carried out: let it do so.
  if (pod_.restarting && *pod_.restarting == p.container) return scope_ == p.container;
  return is_pod();
}

bool lifecycle::keeps_cause() const {
  if (cause_->probe.empty() || impossible_) return true;
  return std::any_of(pod_.use.probes.begin(), pod_.use.probes.end(),
                     [this](const probe_rules& p) { return p.name == cause_->probe && concerns(p); });
}

bool lifecycle::falls_back_to_eviction() const {
  return is_pod() && pod_.facts.can_restart == support::missing && pod_.use.without_support == fallback::evict;
}

bool lifecycle::to_evict() const {
  if (!cause_ || !cause_->requested_by.empty()) return false;
  if (phase_ == phase::restarting) return false;  // a restart is written down, and counts already
  if (falls_back_to_eviction()) return true;
  if (pod_.use.escalate != escalation::evict) return false;
  return impossible_ ||
         (is_pod() && climbs(pod_.use, pod_.book) && !may_restart_all_once(pod_.use, pod_.book, pod_.facts));
}

std::string lifecycle::what() const {
  return is_pod() ? "all containers" : "container " + scope_;
}

void lifecycle::enter(phase next) {
  if (next != phase::restarting) ends_processes_ = false;
  if (in_restart(next)) {
    pod_.restarting = scope_;
  } else if (in_restart(phase_)) {
    pod_.restarting.reset();
  }
  phase_ = next;
}

bool lifecycle::awaits_its_cause() const {
  // What could never be asked does not stand against recovery, unless the restart was for it.
  const threshold* restarted_for = pending() ? pod_.standing_of(pod_.book.last_of(scope_)->probe) : nullptr;
  return restarted_for != nullptr && !restarted_for->passes();
}

bool lifecycle::pending() const {
  const restart_record* latest = std::as_const(pod_.book).last_of(scope_);
  return latest != nullptr && latest->ended == outcome::pending && latest->exited && latest->by != method::eviction;
}

std::string scope_of(const probe_rules& p) {
  switch (p.on_failure) {
    case remedy::restart_all_containers: return std::string(lifecycle::pod_scope);
    case remedy::restart_container: return p.container;
    default: return {};
  }
}

}  // namespace podmedic::policy
