#include "supervisor/policy/medic.hpp"

#include "supervisor/policy/text.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <utility>

namespace podmedic::policy {
namespace {

constexpr std::array<std::string_view, 10> phase_names{"Starting",  "Watching",   "Suspect",    "Waiting", "Draining",
                                                       "Quiescing", "Restarting", "Recovering", "Holding", "StandingDown"};

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
    state_->tell(severity::warning, "LedgerLost", "the ledger of earlier restarts is lost (" + from.damage +
                                              "): no restart for " + in_seconds(state_->use.back_off.cap));
  }
  constexpr int most_abnormal_ends = 3;
  constexpr auto within = minutes(10);
  std::vector<life_record> recent;
  for (std::size_t i = 0; i < state_->book.lives.size(); ++i) {
    // A life ended no later than the next one began.
    const instant ended = i + 1 < state_->book.lives.size() ? state_->book.lives[i + 1].started : state_->now;
    if (state_->now - ended <= within) recent.push_back(state_->book.lives[i]);
  }
  state_->book.lives = std::move(recent);
  const auto abnormal_ends = std::count_if(state_->book.lives.begin(), state_->book.lives.end(), [](const life_record& l) { return !l.clean; });
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
  if (last->ended == outcome::pending) {
    if (last_restart == fate::unchanged && last->scope == lifecycle::pod_scope) {
      last->ended = outcome::not_executed;
      state_->tell(severity::warning, "RestartNotExecuted",
           last->exited ? "podmedic went on to exit, and the other containers were not restarted: it was killed meanwhile, "
                          "or no restartPolicyRules match its restart exit code"
                        : "podmedic ended between writing down a restart and carrying it out");
    } else if (!last->exited) {
      // Only the intention was written down. In doubt it came to the restart, and as late as it can have been.
      last->exited = true;
      last->at = state_->now;
    }
  }
  if (last->ended == outcome::not_honoured) {
    only_observe_from_now_on();
  } else if (last->ended == outcome::pending && last->scope == lifecycle::pod_scope) {
    state_->tell(severity::normal, "Restarted",
         "all containers were restarted for " + (last->probe.empty() ? "a request" : "probe " + last->probe) + ": " +
             last->why.message + "; now watching whether it helped");
  }
}

void medic::only_observe_from_now_on() {
  state_->facts.can_restart = support::missing;
  state_->facts.why_not = "the kubelet did not restart the containers when podmedic exited with the restart code";
  state_->tell(severity::warning, "RestartNotHonoured", state_->facts.why_not + ": podmedic only observes; check restartPolicyRules");
}

void medic::on(const event::check_done& e) {
  const auto found = state_->thresholds.find(e.probe);
  if (found == state_->thresholds.end()) return;
  threshold& t = found->second;
  const standing before = t.stands();
  t.count(e.found, state_->now);
  remember_pass(e.probe, t);
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
    if (const auto passed = state_->book.passed.find(p.name); passed != state_->book.passed.end() && passed->second == e.at) {
      t.passed_already();
    }
    all_passed_once_ = false;
    state_->well_since.reset();
  }
}

void medic::on(const event::tick&) {}

void medic::on(const event::exit_not_honoured&) {
  restart_record* last = state_->book.last();
  if (last == nullptr || last->ended != outcome::not_executed || !last->exited) return;
  last->ended = outcome::not_honoured;
  only_observe_from_now_on();
  state_->act(action::save{});
}

void medic::on(const event::support_found& e) {
  const restart_record* last = state_->book.last();
  if (last != nullptr && last->ended == outcome::not_honoured) return;  // experience outweighs what the API says
  if (e.can_restart == support::missing && (state_->facts.can_restart != support::missing || state_->facts.why_not != e.why_not)) {
    state_->tell(severity::warning, "RestartNotSupported", e.why_not + "; until then podmedic only observes");
  }
  state_->facts.can_restart = e.can_restart;
  state_->facts.why_not = e.why_not;
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
void medic::on(const event::diagnosed& e) {
  if (lifecycle* scope = restarting()) scope->on(e);
}
void medic::on(const event::quiesced& e) {
  if (lifecycle* scope = restarting()) scope->on(e);
}

void medic::on(const event::committed& e) {
  // Heeded also where the restart was called off meanwhile.
  if (e.error) state_->facts.unwritable_until = state_->now + state_->use.back_off.cap;
  if (lifecycle* scope = restarting()) scope->on(e);
}

void medic::on(const event::restart_requested& e) {
  pod().request(e);
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
  return std::exchange(state_->out, {});
}

std::optional<instant> medic::wake_at(instant now) const {
  std::optional<instant> next;
  for (const lifecycle& scope : scopes_) {
    const std::optional<instant> wake = scope.wake_at(now);
    if (wake) next = std::min(next.value_or(*wake), *wake);
  }
  return next;
}

void medic::make_scopes() {
  std::set<std::string> wanted{std::string(lifecycle::pod_scope)};
  for (const probe_rules& p : state_->use.probes) wanted.insert(scope_of(p));
  wanted.erase("");
  scopes_.remove_if([&](lifecycle& scope) {
    const bool gone = !wanted.contains(scope.scope());
    if (gone) scope.stand_down();
    wanted.erase(scope.scope());
    return gone;
  });
  if (scopes_.empty()) scopes_.emplace_back(*state_, std::string(lifecycle::pod_scope));
  wanted.erase(std::string(lifecycle::pod_scope));
  for (const std::string& container : wanted) scopes_.emplace_back(*state_, container);
}

lifecycle* medic::restarting() {
  const auto found = std::find_if(scopes_.begin(), scopes_.end(), [](const lifecycle& s) { return in_restart(s.in()); });
  return found == scopes_.end() ? nullptr : &*found;
}

void medic::watch_health() {
  // What passes while a restart is carried out passed before it, not because of it.
  if (const lifecycle* scope = restarting(); scope != nullptr && scope->in() == phase::restarting) return;
  if (!nothing_ails()) {
    state_->well_since.reset();
    return;
  }
  if (!state_->well_since && some_pass()) state_->well_since = state_->now;
  if (!state_->well_since) return;
  note_first_pass();
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
  const threshold* restarted_for = state_->book.last() == nullptr ? nullptr : state_->standing_of(state_->book.last()->probe);
  return restarted_for == nullptr || restarted_for->passes();
}

bool medic::some_pass() const {
  const bool none_counts = state_->all_judged([](const threshold&) { return false; });
  return std::any_of(state_->use.probes.begin(), state_->use.probes.end(), [&](const probe_rules& p) {
    const threshold& t = state_->thresholds.at(p.name);
    return (none_counts || p.on_failure != remedy::observe) && t.passes() && !t.last_was_unknown();
  });
}

bool medic::out_of_traffic() const {
  if (!state_->enforces() || in() == phase::standing_down) return false;
  const bool drained = std::any_of(state_->use.probes.begin(), state_->use.probes.end(), [this](const probe_rules& p) {
    return p.on_failure == remedy::drain && state_->thresholds.at(p.name).stands() == standing::failing;
  });
  if (drained) return true;
  return state_->may_act() && std::any_of(scopes_.begin(), scopes_.end(), [](const lifecycle& s) { return s.out_of_traffic(); });
}

}  // namespace podmedic::policy
