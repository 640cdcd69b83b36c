#include "supervisor/policy/medic.hpp"

#include "supervisor/policy/text.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <utility>

namespace podmedic::policy {
namespace {

constexpr std::array<std::string_view, 11> phase_names{"Starting", "Watching",  "Suspect",     "Waiting",
                                                       "Draining", "Quiescing", "Restarting",  "Recovering",
                                                       "Holding",  "Evicting",  "StandingDown"};

/// What podmedic does where the kubelet lacks RestartAllContainers.
std::string instead(fallback of) {
  switch (of) {
    case fallback::signal_all: return "podmedic ends the processes of all containers itself (fallback: SignalAll)";
    case fallback::evict: return "podmedic asks for the Pod's eviction (fallback: Evict)";
    default: return "podmedic only observes";
  }
}

}  // namespace

std::string_view to_text(phase in) {
  return phase_names.at(static_cast<std::size_t>(in));
}

medic::medic(beginning from, instant now)
    : state_(std::make_unique<pod_state>(std::move(from.use), std::move(from.book), from.seed, now)) {
  judge_beginning(from);
  judge_last_restart(from.last_restart);
  state_->book.lives.push_back({now, false});
  if (state_->book.lives.size() > ledger::most_lives) state_->book.lives.erase(state_->book.lives.begin());
  for (const probe_rules& p : state_->use.probes) {
    state_->thresholds.emplace(p.name, threshold(p, now, warm_up_limit(state_->use.warm_up, state_->book)));
  }
  make_scopes();
  state_->act(action::save{});
}

void medic::judge_beginning(const beginning& from) {
  if (from.found == book_found::lost) {
    state_->book.distrusted_until = state_->now + state_->use.back_off.cap;
    state_->tell(severity::warning, "LedgerLost",
                 "the ledger of earlier restarts is lost (" + from.damage + "): no restart for " +
                     in_seconds(state_->use.back_off.cap));
  }
  if (from.found == book_found::lost) state_->book.drained_at = state_->now;  // in doubt there was a drain
  constexpr int most_abnormal_ends = 3;
  constexpr auto within = minutes(10);
  std::vector<life_record> recent;
  for (std::size_t i = 0; i < state_->book.lives.size(); ++i) {
    // A life ended no later than the next one began.
    const instant ended = i + 1 < state_->book.lives.size() ? state_->book.lives[i + 1].started : state_->now;
    if (state_->now - ended <= within) recent.push_back(state_->book.lives[i]);
  }
  state_->book.lives = std::move(recent);
  const auto abnormal_ends = std::count_if(state_->book.lives.begin(), state_->book.lives.end(),
                                           [](const life_record& l) { return !l.clean; });
  state_->facts.safe_mode = abnormal_ends >= most_abnormal_ends;
  if (state_->facts.safe_mode) {
    state_->tell(severity::warning, "SafeMode",
                 "podmedic ended abnormally " + std::to_string(abnormal_ends) +
                     " times within 10 minutes: it stays ready and judges nothing until it is started anew");
  }
}

void medic::judge_last_restart(fate last_restart) {
  restart_record* last = state_->book.last();
  if (last == nullptr) return;
  if (last->by == method::eviction && last->ended == outcome::pending) {
    last->ended = outcome::not_executed;  // the Pod is still there
  } else if (last->ended == outcome::pending) {
    // Where only the intention was written down, it may have come to the end of processes, the last write lost: then
    // the next restart waits from as late as that can have been.
    if (!last->exited) last->at = state_->now;
    const bool by_exit = last->scope == lifecycle::pod_scope && last->by == method::restart;
    if (last_restart == fate::unchanged && by_exit) {
      last->ended = outcome::not_executed;
      state_->tell(
          severity::warning, "RestartNotExecuted",
          last->exited
              ? "podmedic went on to exit, and the other containers were not restarted: it was killed meanwhile, "
                "or no restartPolicyRules match its restart exit code"
              : "podmedic ended between writing down a restart and carrying it out");
    } else {
      last->exited = true;  // in doubt it came to the restart
      std::optional<instant>& drained = state_->book.drained_at;
      if (by_exit && last_restart == fate::restarted && drained && *drained <= last->at) drained.reset();
    }
  }
  if (kubelet_lacks_it()) {
    fall_back_from_now_on();
  } else if (last->ended == outcome::pending && last->scope == lifecycle::pod_scope) {
    state_->tell(severity::normal, "Restarted",
                 "all containers were restarted for " + (last->probe.empty() ? "a request" : "probe " + last->probe) +
                     ": " + last->why.message + "; now watching whether it helped");
  }
}

bool medic::kubelet_lacks_it() const {
  const auto& all = state_->book.restarts;
  const auto last_exit = std::find_if(all.rbegin(), all.rend(), [](const restart_record& r) {
    return r.scope == lifecycle::pod_scope && r.by == method::restart;
  });
  return last_exit != all.rend() && last_exit->ended == outcome::not_honoured;
}

void medic::fall_back_from_now_on() {
  state_->facts.can_restart = support::missing;
  state_->facts.why_not = "the kubelet did not restart the containers when podmedic exited with the restart code";
  state_->tell(severity::warning, "RestartNotHonoured",
               state_->facts.why_not + ": " + instead(state_->use.without_support) + "; check restartPolicyRules");
}

void medic::on(const event::check_done& e) {
  const auto found = state_->thresholds.find(e.probe);
  if (found == state_->thresholds.end()) return;
  threshold& t = found->second;
  const standing before = t.stands();
  const bool forbade = t.forbids_restart().has_value();
  t.count(e.found, state_->now, e.took);
  remember_pass(e.probe, t);
  if (t.forbids_restart() && !forbade) {
    state_->tell(severity::warning, "RestartWouldHarm",
                 "no restart until this is mended: probe " + e.probe + ": " + t.forbids_restart()->message);
  } else if (forbade && !t.forbids_restart()) {
    state_->tell(severity::normal, "RestartWouldNotHarm", "probe " + e.probe + " no longer speaks against a restart");
  }
  if (t.stands() == before) return;
  if (t.stands() == standing::failing) {
    state_->tell(severity::warning, "ProbeFailing", "probe " + e.probe + ": " + t.why().message);
  } else if (before == standing::failing) {
    state_->tell(severity::normal, "ProbePassing", "probe " + e.probe + " passes again");
  }
}

void medic::remember_pass(const std::string& probe, const threshold& t) {
  if (!t.passed_since_start()) return;
  instant& start = state_->book.passed[probe];
  if (start == t.started()) return;
  start = t.started();
  state_->act(action::save{});
}

void medic::on(const event::container_started& e) {
  for (const probe_rules& p : state_->use.probes) {
    if (!p.container.empty() && p.container != e.container) continue;
    threshold& t = state_->thresholds.at(p.name);
    t.container_started(e.at, warm_up_limit(state_->use.warm_up, state_->book));
    if (const auto passed = state_->book.passed.find(p.name);
        passed != state_->book.passed.end() && passed->second == e.at) {
      t.passed_already();
    }
    all_passed_once_ = false;
    state_->well_since.reset();
  }
  for (lifecycle& scope : scopes_) scope.container_started();
}

void medic::on(const event::tick&) {}

void medic::on(const event::place_asked& e) {
  state_->fleet_turn.on(e);
}
void medic::on(const event::place_found& e) {
  state_->fleet_turn.on(e, state_->use, state_->out);
}
void medic::on(const event::fleet_read& e) {
  state_->fleet_turn.on(e, state_->out, state_->now);
}
void medic::on(const event::lease_read& e) {
  state_->fleet_turn.on(e, state_->use, state_->out, state_->now);
}
void medic::on(const event::lease_written& e) {
  state_->fleet_turn.on(e, state_->use, state_->out, state_->now);
}

void medic::on(const event::preconditions_answered& e) {
  state_->outside.on(e, state_->use);
}

void medic::on(const event::success_metrics_read& e) {
  const bool told = !state_->bounds.why_not().empty();
  state_->bounds.on(e, state_->use);
  if (told || state_->bounds.why_not().empty()) return;
  state_->tell(severity::normal, "NotRecoveredYet",
               "all probes pass, and success.metrics are not kept: " + state_->bounds.why_not());
}

void medic::on(const event::exit_not_honoured&) {
  restart_record* last = state_->book.last();
  if (last == nullptr || last->scope != lifecycle::pod_scope || last->by != method::restart) return;
  if (last->ended != outcome::not_executed || !last->exited) return;
  last->ended = outcome::not_honoured;
  fall_back_from_now_on();
  state_->act(action::save{});
}

void medic::on(const event::support_found& e) {
  if (!e.container.empty()) return support_of_container_found(e);
  if (e.by == method::signal_all) return support_of_signals_found(e);
  if (kubelet_lacks_it()) return;  // experience outweighs what the API says
  const std::string* known = why_unsupported(state_->facts, {});
  const bool is_news = known == nullptr || *known != e.why_not;
  if (e.can_restart == support::missing && is_news && !restarts_only_containers()) {
    state_->tell(severity::warning, "RestartNotSupported",
                 e.why_not + "; until then " + instead(state_->use.without_support));
  }
  state_->facts.can_restart = e.can_restart;
  state_->facts.why_not = e.why_not;
}

void medic::support_of_container_found(const event::support_found& e) {
  if (e.can_restart != support::missing) {
    state_->facts.why_not_alone.erase(e.container);
    return;
  }
  std::string& why = state_->facts.why_not_alone[e.container];
  if (why == e.why_not) return;
  why = e.why_not;
  state_->tell(severity::warning, "RestartNotSupported",
               "no restart of container " + e.container + " alone: " + e.why_not);
}

void medic::support_of_signals_found(const event::support_found& e) {
  std::optional<std::string>& why = state_->facts.why_not_signal_all;
  if (e.can_restart != support::missing) return why.reset();
  if (why == e.why_not) return;
  why = e.why_not;
  state_->tell(severity::warning, "RestartNotSupported",
               "podmedic cannot end the processes of all containers (fallback: SignalAll): " + e.why_not);
}

bool medic::restarts_only_containers() const {
  const auto wants = [this](remedy wanted) {
    return std::any_of(state_->use.probes.begin(), state_->use.probes.end(),
                       [&](const probe_rules& p) { return p.on_failure == wanted; });
  };
  return wants(remedy::restart_container) && !wants(remedy::restart_all_containers) &&
         state_->use.escalate == escalation::hold;
}

void medic::on(const event::rules_changed& e) {
  std::map<std::string, threshold> kept;
  for (const probe_rules& p : e.use.probes) {
    if (const auto found = state_->thresholds.find(p.name); found != state_->thresholds.end()) {
      found->second.use(p);
      kept.emplace(p.name, found->second);
    } else {
      kept.emplace(p.name, threshold(p, state_->now, warm_up_limit(e.use.warm_up, state_->book)));
    }
  }
  state_->thresholds = std::move(kept);
  state_->use = e.use;
  make_scopes();
}

void medic::end_cleanly() {
  if (!state_->book.lives.empty()) state_->book.lives.back().clean = true;
}

void medic::on(const event::drained& e) {
  if (lifecycle* scope = restarting()) scope->on(e);
}
void medic::on(const event::drain_aborted& e) {
  if (lifecycle* scope = restarting()) scope->on(e);
}
void medic::on(const event::drain_undone& e) {
  auto& undo = state_->undo;
  if (!std::exchange(undo.running, false)) return;  // of an earlier drain
  if (e.worked) {
    undo = {};
    state_->book.drained_at.reset();
    state_->act(action::save{});
  } else {
    undo.wait = next_wait(state_->use.back_off, undo.wait, state_->random);
    undo.not_before = state_->now + *undo.wait;
  }
}
void medic::on(const event::diagnosed& e) {
  if (lifecycle* scope = restarting()) scope->on(e);
}
void medic::on(const event::quiesced& e) {
  lifecycle* scope = restarting();
  if (scope == nullptr) return;
  if (scope->in() == phase::restarting) all_passed_once_ = false;
  scope->on(e);
}

void medic::on(const event::eviction_answered& e) {
  if (lifecycle* scope = restarting()) scope->on(e);
}

void medic::on(const event::committed& e) {
  // Heeded also where the restart was called off meanwhile.
  if (e.error) state_->facts.unwritable_until = state_->now + state_->use.back_off.cap;
  if (lifecycle* scope = restarting()) scope->on(e);
}

void medic::on(const event::ledger_tried& e) {
  state_->ledger_asked = false;
  std::optional<instant>& until = state_->facts.unwritable_until;
  if (e.error) {
    until = state_->now + state_->use.back_off.cap;
    state_->tell(severity::warning, "LedgerUnwritable", "no restart without its record on disk: " + *e.error);
  } else if (until && state_->now >= *until) {
    until.reset();
  }
}

void medic::on(const event::obstacle_gone& e) {
  for (lifecycle& scope : scopes_) {
    if (scope.scope() == e.scope) scope.on(e);
  }
}

/// Whether a request with that id was heard before; answers it.
bool medic::is_repeated(const event::restart_requested& e) {
  if (e.id.empty()) return false;
  const std::vector<restart_record>& all = state_->book.restarts;
  const bool waits = std::any_of(scopes_.begin(), scopes_.end(), [&](const lifecycle& scope) {
    return scope.current_cause() && scope.current_cause()->request_id == e.id;
  });
  const auto done =
      std::find_if(all.rbegin(), all.rend(), [&](const restart_record& r) { return r.request_id == e.id; });
  if (!waits && done == all.rend()) return false;
  state_->act(action::answer{true, "the request " + e.id +
                                       (waits ? " was accepted already" : " was carried out already") +
                                       ": one restart for it, and not another"});
  return true;
}

void medic::on(const event::restart_requested& e) {
  if (is_repeated(e)) return;
  if (e.container.empty()) return pod().request(e);
  const auto found =
      std::find_if(scopes_.begin(), scopes_.end(), [&](const lifecycle& s) { return s.scope() == e.container; });
  if (found != scopes_.end()) return found->request(e);
  scopes_.emplace_back(*state_, e.container).request(e);
}

void medic::on(const event::stood_down& e) {
  for (lifecycle& scope : scopes_) scope.stand_down();
  state_->tell(severity::normal, "StandingDown", e.why + ": podmedic judges and restarts nothing from now on");
  state_->act(action::save{});
}

std::vector<any_action> medic::step(const any_event& happened, instant now, wall_time wall) {
  state_->now = std::max(state_->now, now);
  state_->wall = wall;
  if (in() != phase::standing_down) {
    for (lifecycle& scope : scopes_) scope.cancel_if_forbidden();  // the wall clock may have brought a pause
    std::visit([this](const auto& e) { on(e); }, happened);
    if (in() != phase::standing_down && !state_->facts.safe_mode) {
      watch_health();
      for (lifecycle& scope : scopes_) scope.advance();
      if (state_->fleet_turn.in_force(state_->use)) {
        state_->fleet_turn.advance(need_of_turn(), state_->use, state_->random, state_->out, state_->now);
      }
      state_->bounds.advance(needs_success_metrics(), state_->use, state_->out, state_->now);
      state_->outside.advance(need_of_preconditions(), state_->use, state_->out, state_->now);
    }
  } else if (std::holds_alternative<event::restart_requested>(happened)) {
    state_->act(action::answer{false, "podmedic is standing down"});
  }
  if (const bool ready = !out_of_traffic(); ready != ready_ || !ready_told_) {
    ready_ = ready;
    ready_told_ = true;
    // First of all: what else this step does (a drain, above all) counts from having left traffic.
    state_->out.insert(state_->out.begin(), action::set_ready{ready});
  }
  if (drain_is_left() && state_->now >= state_->undo.not_before) {
    state_->undo.running = true;
    state_->act(action::undo_drain{});
  }
  return std::exchange(state_->out, {});
}

std::optional<instant> medic::wake_at(instant now) const {
  std::optional<instant> next;
  for (const lifecycle& scope : scopes_) {
    const std::optional<instant> wake = scope.wake_at(now);
    if (wake) next = std::min(next.value_or(*wake), *wake);
  }
  constexpr milliseconds at_least{10};
  const bool takes_turns =
      in() != phase::standing_down && !state_->facts.safe_mode && state_->fleet_turn.in_force(state_->use);
  const auto turn = takes_turns ? state_->fleet_turn.wake_at(need_of_turn(), state_->use, now) : std::nullopt;
  if (turn) {
    const instant not_now = std::max(*turn, now + at_least);
    next = std::min(next.value_or(not_now), not_now);
  }
  if (in() != phase::standing_down && !state_->facts.safe_mode) {
    for (const auto& ask : {state_->outside.wake_at(need_of_preconditions(), state_->use),
                            state_->bounds.wake_at(needs_success_metrics(), state_->use)}) {
      if (ask) next = std::min(next.value_or(std::max(*ask, now + at_least)), std::max(*ask, now + at_least));
    }
  }
  if (drain_is_left()) next = std::min(next.value_or(state_->undo.not_before), state_->undo.not_before);
  return next;
}

void medic::make_scopes() {
  std::set<std::string> wanted{std::string(lifecycle::pod_scope)};
  for (const probe_rules& p : state_->use.probes) wanted.insert(scope_of(p));
  wanted.erase("");
  for (const restart_record& r : state_->book.restarts) {
    if (r.ended == outcome::pending) wanted.insert(r.scope);  // by request, and still to be judged
  }
  scopes_.remove_if([&](lifecycle& scope) {
    const bool asked_for = scope.current_cause() && !scope.current_cause()->requested_by.empty();
    const bool gone = !wanted.contains(scope.scope()) && !asked_for;
    if (gone) scope.stand_down();
    wanted.erase(scope.scope());
    return gone;
  });
  if (scopes_.empty()) scopes_.emplace_back(*state_, std::string(lifecycle::pod_scope));
  wanted.erase(std::string(lifecycle::pod_scope));
  for (const std::string& container : wanted) scopes_.emplace_back(*state_, container);
}

lifecycle* medic::restarting() {
  const auto found =
      std::find_if(scopes_.begin(), scopes_.end(), [](const lifecycle& s) { return in_restart(s.in()); });
  return found == scopes_.end() ? nullptr : &*found;
}

void medic::watch_health() {
  // What passes while a restart is carried out passed before it, not because of it.
  if (const lifecycle* scope = restarting(); scope != nullptr && scope->in() == phase::restarting) return;
  if (!nothing_ails()) {
    state_->well_since.reset();
    return;
  }
  if (!state_->well_since && !some_pass()) return;
  note_first_pass();
  if (outcome_is_open() && !state_->bounds.hold(state_->use, state_->now)) {
    state_->well_since.reset();
    return;
  }
  if (!state_->well_since) state_->well_since = state_->now;
  if (state_->now - *state_->well_since < state_->use.success.stable) return;
  for (lifecycle& scope : scopes_) scope.recovered();
  const restart_record* last = state_->book.last();
  const bool waits_grown = last != nullptr && !(state_->book.calm_at && *state_->book.calm_at > last->at);
  if (waits_grown && state_->now - *state_->well_since >= state_->use.success.stable + state_->use.back_off.cap) {
    state_->book.calm_at = state_->now;
    state_->act(action::save{});
  }
}

void medic::note_first_pass() {
  if (all_passed_once_ || !state_->all_judged([](const threshold& t) { return t.passed_since_start(); })) return;
  all_passed_once_ = true;
  // A sample where one start was not seen would teach impatience with the slow container that it leaves out.
  milliseconds longest{0};
  if (state_->all_judged([](const threshold& t) { return t.warm_up().has_value(); })) {
    for (const auto& [name, t] : state_->thresholds) longest = std::max(longest, t.warm_up().value_or(milliseconds(0)));
  }
  if (longest.count() > 0) state_->book.warm_ups.push_back(longest);
  if (state_->book.warm_ups.size() > ledger::most_warm_ups) state_->book.warm_ups.erase(state_->book.warm_ups.begin());
  for (lifecycle& scope : scopes_) scope.all_passed();
  state_->act(action::save{});
}

bool medic::nothing_ails() const {
  if (!state_->all_judged([](const threshold& t) { return t.well(); })) return false;
  // What could never be asked does not stand against recovery, unless it was what the last restart was for.
  const threshold* restarted_for =
      state_->book.last() == nullptr ? nullptr : state_->standing_of(state_->book.last()->probe);
  return restarted_for == nullptr || restarted_for->passes();
}

bool medic::outcome_is_open() const {
  const bool holds =
      std::any_of(scopes_.begin(), scopes_.end(), [](const lifecycle& s) { return s.in() == phase::holding; });
  return holds || unrecovered(state_->book) > 0;
}

bool medic::needs_success_metrics() const {
  if (state_->use.success.metrics.empty()) return false;
  const bool restarts =
      std::any_of(scopes_.begin(), scopes_.end(), [](const lifecycle& s) { return in_restart(s.in()); });
  return !restarts && outcome_is_open() && nothing_ails() && (state_->well_since || some_pass());
}

bool medic::some_pass() const {
  const bool none_counts = state_->all_judged([](const threshold&) { return false; });
  return std::any_of(state_->use.probes.begin(), state_->use.probes.end(), [&](const probe_rules& p) {
    const threshold& t = state_->thresholds.at(p.name);
    return (none_counts || p.on_failure != remedy::observe) && t.passes() && !t.last_was_unknown();
  });
}

bool medic::drain_is_left() const {
  return ready_ && in() != phase::standing_down && state_->book.drained_at && !state_->undo.running;
}

bool medic::drains_by_probe() const {
  return std::any_of(state_->use.probes.begin(), state_->use.probes.end(), [this](const probe_rules& p) {
    return p.on_failure == remedy::drain && state_->thresholds.at(p.name).stands() == standing::failing;
  });
}

turn_need medic::need_of_turn() const {
  turn_need need;
  if (in() == phase::standing_down) return need;
  if (state_->enforces() && drains_by_probe()) need.leave = true;
  for (const lifecycle& scope : scopes_) scope.add_need(need);
  const restart_record* last = std::as_const(state_->book).last();
  if (last != nullptr && last->recovered_at) need.cool_until = *last->recovered_at + state_->use.fleet.cool_down;
  need.unrecovered = relapsed_probes(state_->book);
  return need;
}

precondition_need medic::need_of_preconditions() const {
  precondition_need most = precondition_need::none;
  if (state_->use.preconditions.empty()) return most;
  for (const lifecycle& scope : scopes_) most = std::max(most, scope.need_of_preconditions());
  return most;
}

bool medic::out_of_traffic() const {
  if (!state_->enforces() || in() == phase::standing_down) return false;
  if (drains_by_probe() && state_->may_be_out()) return true;
  return std::any_of(scopes_.begin(), scopes_.end(),
                     [](const lifecycle& s) { return s.may_act() && s.out_of_traffic(); });
}

}  // namespace podmedic::policy
