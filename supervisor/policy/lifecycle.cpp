// The phases of medic: what follows from standings, the arbiter and the answers to its actions. See medic.hpp.
#include "supervisor/policy/medic.hpp"

#include "supervisor/policy/text.hpp"

#include <algorithm>
#include <utility>

namespace podmedic::policy {
void medic::advance() {
  watch_recovery();
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

void medic::cancel_if_forbidden() {
  if (in_restart(phase_) && !may_act()) cancel("podmedic may no longer act");
}

void medic::suspect_failing() {
  for (const probe_rules& p : rules_.probes) {
    const threshold& t = thresholds_.at(p.name);
    if (!wants_restart(p) || t.stands() != standing::failing || !t.last_was_failure()) continue;
    if (t.failures_in_a_row() < p.failure_threshold) continue;  // it still counts as ill, and passed lately
    cause_ = cause{.probe = p.name,
                   .why = t.why(),
                   .requested_by = {},
                   .failing_since = t.failing_since().value_or(now_),
                   .failures_when_suspected = t.failures_in_a_row(),
                   .confirmed_at = {},
                   .unready_while_waiting = p.while_waiting == waiting::unready};
    phase_ = phase::suspect;
    told_closing_.clear();
    tell(severity::normal, "Suspected", "probe " + p.name + " failed " + std::to_string(p.failure_threshold) +
                                            " times in a row; one more check decides", false);
    out_.push_back(action::confirm{p.name});
    return;
  }
}

void medic::confirm_suspicion() {
  // The step that brought the suspicion ended with it; what is heard now is a later check.
  if (cause_healed()) return go_home();
  const threshold& t = thresholds_.at(cause_->probe);
  if (t.failures_in_a_row() == 0) return go_home();  // it passed, if not often enough: it must cross its threshold anew
  if (t.last_was_unknown()) return suspect_failing();  // while this one cannot be asked, another may be ill
  if (t.failures_in_a_row() <= cause_->failures_when_suspected) return;
  cause_->why = t.why();
  if (const auto since = t.answering_no_since(); since && now_ - *since < rules_.closing_grace) {
    if (told_closing_.empty()) {
      told_closing_ = cause_->probe;
      tell(severity::normal, "MayBeClosing",
           "the target of probe " + cause_->probe + " answers no (" + cause_->why.message +
               "), as one does that was asked to stop; it gets " + in_seconds(rules_.closing_grace) + " to end");
    }
    return;
  }
  cause_->confirmed_at = now_;
  if (pending()) {
    book_.last()->ended = outcome::relapsed;
    out_.push_back(action::save{});
    tell(severity::warning, "Relapsed", "the restart did not help: " + cause_->why.message);
  }
  phase_ = phase::waiting;
  told_refusals_.clear();
  tell(severity::warning, "FailureConfirmed", "probe " + cause_->probe + ": " + cause_->why.message);
}

void medic::wait_for_turn() {
  if (cause_healed()) return cancel(healed_text());
  if (!cause_fails_now()) suspect_failing();  // while this one cannot be asked, another may be ill
  if (phase_ != phase::waiting) return;
  const std::vector<refusal> forbidden = refusals(now_, wall_);
  if (forbidden.empty()) {
    if (cause_fails_now()) begin_drain();
    return;
  }
  if (cause_->probe.empty() && !pass_by_themselves(forbidden)) {  // a person's wish does not outlive its day
    return cancel("not now: " + messages_of(forbidden));
  }
  if (may_act()) {
    const auto held = std::find_if(forbidden.begin(), forbidden.end(), [](const refusal& r) { return r.hold; });
    if (held != forbidden.end()) return hold(*held);
  }
  const std::string names = reasons_of(forbidden);
  const std::string messages = messages_of(forbidden);
  if (names == std::exchange(told_refusals_, names)) return;
  if (may_act()) {
    tell(severity::warning, "WaitingToRestart", "for probe " + cause_->probe + ": " + messages);
  } else {
    tell(severity::warning, "WouldRestartAllContainers", "for probe " + cause_->probe + " (" + cause_->why.message +
                                                             "), and does not: " + messages);
  }
}

bool medic::cause_fails_now() const {
  // A target that cannot be asked right now is no reason to restart, and not healed either.
  if (cause_->probe.empty()) return true;
  const threshold* t = standing_of(cause_->probe);
  return t != nullptr && t->last_was_failure();
}

void medic::begin_drain() {
  phase_ = phase::draining;
  draining_since_ = now_;
  tell(severity::normal, "Draining", "leaving traffic before all containers are restarted: " + cause_->why.message);
  out_.push_back(action::begin_drain{});
}

void medic::on(const event::drain_aborted& e) {
  if (phase_ != phase::draining) return;
  const milliseconds pause = next_wait(rules_.back_off, std::nullopt, random_);
  drain_refused_ = refusal{{"DrainAborted", e.why}, now_ + pause, false};
  back_to_waiting();
}

void medic::back_to_waiting() {
  phase_ = phase::waiting;
  told_refusals_.clear();
  out_.push_back(action::cancel_drain{true});
}

void medic::on(const event::drained&) {
  if (phase_ != phase::draining) return;
  if (!cause_fails_now()) return back_to_waiting();
  phase_ = phase::quiescing;
  tell(severity::normal, "Drained", "in " + std::to_string((now_ - draining_since_).count()) + " ms", false);
  out_.push_back(action::begin_diagnose{});
}

void medic::on(const event::diagnosed& e) {
  if (phase_ != phase::quiescing) return;
  if (cause_healed()) return cancel(healed_text());
  if (e.obstacle) {
    out_.push_back(action::cancel_drain{true});
    return hold({{"RestartImpossible", *e.obstacle}, {}, true});
  }
  if (!cause_fails_now()) return back_to_waiting();
  if (pending()) book_.last()->ended = outcome::relapsed;  // a request came before the last one was judged
  restart_record r;
  r.at = now_;
  r.wall = wall_;
  r.scope = "Pod";
  r.probe = cause_->probe;
  r.why = cause_->why;
  r.requested_by = cause_->requested_by;
  r.wait_after = next_wait(rules_.back_off, previous_wait(book_), random_);
  r.detection = cause_->confirmed_at - cause_->failing_since;
  r.waited = draining_since_ - cause_->confirmed_at;
  r.drained = now_ - draining_since_;
  book_.add(std::move(r));
  phase_ = phase::restarting;
  out_.push_back(action::commit{});
}

void medic::on(const event::committed& e) {
  if (e.error) facts_.unwritable_until = now_ + rules_.back_off.cap;  // also where the restart was called off meanwhile
  if (phase_ != phase::restarting) return;
  if (e.error) {
    book_.restarts.pop_back();
    tell(severity::warning, "LedgerUnwritable", "no restart without its record on disk: " + *e.error);
    return back_to_waiting();
  }
  facts_.unwritable_until.reset();
  // From here on containers may start anew by podmedic's own doing, so this is the last look at what ails them.
  if (cause_healed()) return cancel(healed_text());
  if (!cause_fails_now()) return cancel("the probe cannot be asked at the moment");
  tell(severity::warning, "RestartingAllContainers",
       (cause_->probe.empty() ? "requested by " + cause_->requested_by + ": " : "probe " + cause_->probe + ": ") +
           cause_->why.message);
  out_.push_back(action::begin_quiesce{});
}

void medic::on(const event::quiesced&) {
  if (phase_ != phase::restarting) return;
  book_.last()->at = now_;  // what budget and back-off count from: hooks and signals took their time
  book_.last()->wall = wall_;
  book_.last()->exited = true;
  end_cleanly();
  out_.push_back(action::restart{});
}

void medic::hold(const refusal& because) {
  phase_ = phase::holding;
  cause_.reset();
  tell(severity::warning, "Holding", because.why.message +
                                         ": no further restart until all probes pass, or until one is requested by "
                                         "`podmedic restart`");
  out_.push_back(action::save{});
}

void medic::cancel(std::string_view why) {
  if (in_restart(phase_)) out_.push_back(action::cancel_drain{true});
  if (phase_ == phase::restarting) forget_exit();
  tell(severity::normal, "Cancelled", "no restart: " + std::string(why));
  go_home();
}

void medic::forget_exit() {
  book_.last()->ended = outcome::not_executed;
  book_.lives.back().clean = false;  // it goes on
  out_.push_back(action::save{});
}

void medic::go_home() {
  cause_.reset();
  drain_refused_.reset();
  const bool proven = std::none_of(thresholds_.begin(), thresholds_.end(), [](const auto& named) {
    return named.second.stands() == standing::unproven && !named.second.last_was_unknown();
  });
  phase_ = pending() ? phase::recovering : proven ? phase::watching : phase::starting;
}

bool medic::cause_healed() const {
  if (!cause_ || !cause_->requested_by.empty()) return false;
  const threshold* t = standing_of(cause_->probe);
  return t == nullptr || t->stands() != standing::failing;
}

std::string_view medic::healed_text() const {
  const threshold* t = standing_of(cause_->probe);
  if (t == nullptr) return "the probe is gone";
  return t->stands() == standing::healthy ? "the probe passes again" : "the container has started anew";
}

bool medic::nothing_ails() const {
  if (!all_judged([](const threshold& t) { return t.well(); })) return false;
  // What could never be asked does not stand against recovery, unless it was what the last restart was for.
  const threshold* restarted_for = book_.last() == nullptr ? nullptr : standing_of(book_.last()->probe);
  return restarted_for == nullptr || restarted_for->passes();
}

bool medic::some_pass() const {
  const bool none_counts = all_judged([](const threshold&) { return false; });
  return std::any_of(rules_.probes.begin(), rules_.probes.end(), [&](const probe_rules& p) {
    const threshold& t = thresholds_.at(p.name);
    return (none_counts || p.on_failure != remedy::observe) && t.passes() && !t.last_was_unknown();
  });
}

void medic::watch_recovery() {
  if (phase_ == phase::restarting) return;  // what passes now passed before the restart, not because of it
  if (!nothing_ails()) {
    well_since_.reset();
    return;
  }
  if (!well_since_ && some_pass()) well_since_ = now_;
  if (!well_since_) return;
  note_first_pass();
  if (now_ - *well_since_ < rules_.success.stable) return;
  note_recovery();
  const restart_record* last = book_.last();
  const bool waits_grown = last != nullptr && !(book_.calm_at && *book_.calm_at > last->at);
  if (waits_grown && now_ - *well_since_ >= rules_.success.stable + rules_.back_off.cap) {
    book_.calm_at = now_;
    out_.push_back(action::save{});
  }
}

void medic::note_first_pass() {
  if (all_passed_once_ || !all_judged([](const threshold& t) { return t.passed_since_start(); })) return;
  all_passed_once_ = true;
  // A sample where one start was not seen would teach impatience with the slow container that it leaves out.
  milliseconds longest{0};
  if (all_judged([](const threshold& t) { return t.warm_up().has_value(); })) {
    for (const auto& [name, t] : thresholds_) longest = std::max(longest, t.warm_up().value_or(milliseconds(0)));
  }
  if (longest.count() > 0) book_.warm_ups.push_back(longest);
  if (book_.warm_ups.size() > ledger::most_warm_ups) book_.warm_ups.erase(book_.warm_ups.begin());
  if (restart_record* last = book_.last(); pending() && !last->first_pass) {
    last->first_pass = now_ - last->at;
    tell(severity::normal, "Answering", "all probes pass " + in_seconds(*last->first_pass) + " after the restart", false);
  }
  out_.push_back(action::save{});
}

void medic::note_recovery() {
  const std::string lasted = "all probes have passed for " + in_seconds(rules_.success.stable);
  if (pending()) {
    restart_record* last = book_.last();
    last->ended = outcome::recovered;
    last->recovery = *well_since_ - last->at;
    last->recovered_at = now_;
    tell(severity::normal, "Recovered", lasted + "; recovery took " + in_seconds(*last->recovery));
    out_.push_back(action::run_recovered_hooks{});
    out_.push_back(action::save{});
  } else if (phase_ == phase::holding || unrecovered(book_) > 0) {
    book_.healed_at = now_;
    out_.push_back(action::save{});
  }
  if (phase_ == phase::holding) {
    tell(severity::normal, "HoldEnded", lasted);
    go_home();
  }
}

}  // namespace podmedic::policy
