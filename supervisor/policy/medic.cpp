#include "supervisor/policy/medic.hpp"

#include "supervisor/policy/text.hpp"

#include <algorithm>
#include <array>
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
    : rules_(std::move(from.use)), book_(std::move(from.book)), random_(from.seed), now_(now) {
  judge_beginning(from);
  judge_last_restart(from.last_restart);
  book_.lives.push_back({now, false});
  if (book_.lives.size() > ledger::most_lives) book_.lives.erase(book_.lives.begin());
  for (const probe_rules& p : rules_.probes) {
    thresholds_.emplace(p.name, threshold(p, now, warm_up_limit(rules_.warm_up, book_)));
  }
  go_home();
  out_.push_back(action::save{});
}

void medic::judge_beginning(const beginning& from) {
  if (from.found == book_found::lost) {
    book_.distrusted_until = now_ + rules_.back_off.cap;
    tell(severity::warning, "LedgerLost", "the ledger of earlier restarts is lost (" + from.damage +
                                              "): no restart for " + in_seconds(rules_.back_off.cap));
  }
  constexpr int most_abnormal_ends = 3;
  constexpr auto within = minutes(10);
  std::vector<life_record> recent;
  for (std::size_t i = 0; i < book_.lives.size(); ++i) {
    // A life ended no later than the next one began.
    const instant ended = i + 1 < book_.lives.size() ? book_.lives[i + 1].started : now_;
    if (now_ - ended <= within) recent.push_back(book_.lives[i]);
  }
  book_.lives = std::move(recent);
  const auto abnormal_ends = std::count_if(book_.lives.begin(), book_.lives.end(), [](const life_record& l) { return !l.clean; });
  facts_.safe_mode = abnormal_ends >= most_abnormal_ends;
  if (facts_.safe_mode) {
    tell(severity::warning, "SafeMode",
         "podmedic ended abnormally " + std::to_string(abnormal_ends) +
             " times within 10 minutes: it stays ready and judges nothing until it is started anew");
  }
}

void medic::judge_last_restart(fate last_restart) {
  restart_record* last = book_.last();
  if (last == nullptr) return;
  if (last->ended == outcome::pending) {
    if (last_restart == fate::unchanged) {
      last->ended = outcome::not_executed;
      tell(severity::warning, "RestartNotExecuted",
           last->exited ? "podmedic went on to exit, and the other containers were not restarted: it was killed meanwhile, "
                          "or no restartPolicyRules match its restart exit code"
                        : "podmedic ended between writing down a restart and carrying it out");
    } else if (!last->exited) {
      // Only the intention was written down. In doubt it came to the restart, and as late as it can have been.
      last->exited = true;
      last->at = now_;
    }
  }
  if (last->ended == outcome::not_honoured) {
    only_observe_from_now_on();
  } else if (pending()) {
    tell(severity::normal, "Restarted",
         "all containers were restarted for " + (last->probe.empty() ? "a request" : "probe " + last->probe) + ": " +
             last->why.message + "; now watching whether it helped");
  }
}

void medic::only_observe_from_now_on() {
  facts_.can_restart = support::missing;
  facts_.why_not = "the kubelet did not restart the containers when podmedic exited with the restart code";
  tell(severity::warning, "RestartNotHonoured", facts_.why_not + ": podmedic only observes; check restartPolicyRules");
}

std::vector<any_action> medic::step(const any_event& happened, instant now, wall_time wall) {
  now_ = std::max(now_, now);
  wall_ = wall;
  if (phase_ != phase::standing_down) {
    cancel_if_forbidden();  // the wall clock may have brought a pause
    std::visit([this](const auto& e) { on(e); }, happened);
    if (phase_ != phase::standing_down && !facts_.safe_mode) advance();
  } else if (std::holds_alternative<event::restart_requested>(happened)) {
    out_.push_back(action::answer{false, "podmedic is standing down"});
  }
  if (const bool ready = !out_of_traffic(); ready != ready_ || !ready_told_) {
    ready_ = ready;
    ready_told_ = true;
    // First of all: what else this step does (a drain, above all) counts from having left traffic.
    out_.insert(out_.begin(), action::set_ready{ready});
  }
  return std::exchange(out_, {});
}

void medic::on(const event::check_done& e) {
  const auto found = thresholds_.find(e.probe);
  if (found == thresholds_.end()) return;
  threshold& t = found->second;
  const standing before = t.stands();
  t.count(e.found, now_);
  remember_pass(e.probe, t);
  if (t.stands() == before) return;
  if (t.stands() == standing::failing) {
    tell(severity::warning, "ProbeFailing", "probe " + e.probe + ": " + t.why().message);
  } else if (before == standing::failing) {
    tell(severity::normal, "ProbePassing", "probe " + e.probe + " passes again");
  }
}

void medic::remember_pass(const std::string& probe, const threshold& t) {
  if (!t.passed_since_start()) return;
  instant& start = book_.passed[probe];
  if (start == t.started()) return;
  start = t.started();
  out_.push_back(action::save{});
}

void medic::on(const event::container_started& e) {
  for (const probe_rules& p : rules_.probes) {
    if (!p.container.empty() && p.container != e.container) continue;
    threshold& t = thresholds_.at(p.name);
    t.container_started(e.at, warm_up_limit(rules_.warm_up, book_));
    if (const auto passed = book_.passed.find(p.name); passed != book_.passed.end() && passed->second == e.at) {
      t.passed_already();
    }
    all_passed_once_ = false;
    well_since_.reset();
  }
}

void medic::on(const event::tick&) {}

void medic::on(const event::exit_not_honoured&) {
  restart_record* last = book_.last();
  if (last == nullptr || last->ended != outcome::not_executed || !last->exited) return;
  last->ended = outcome::not_honoured;
  only_observe_from_now_on();
  out_.push_back(action::save{});
}

void medic::on(const event::support_found& e) {
  const restart_record* last = book_.last();
  if (last != nullptr && last->ended == outcome::not_honoured) return;  // experience outweighs what the API says
  if (e.can_restart == support::missing && (facts_.can_restart != support::missing || facts_.why_not != e.why_not)) {
    tell(severity::warning, "RestartNotSupported", e.why_not + "; until then podmedic only observes");
  }
  facts_.can_restart = e.can_restart;
  facts_.why_not = e.why_not;
}

void medic::on(const event::rules_changed& e) {
  std::map<std::string, threshold> kept;
  for (const probe_rules& p : e.use.probes) {
    if (const auto found = thresholds_.find(p.name); found != thresholds_.end()) {
      found->second.use(p);
      kept.emplace(p.name, found->second);
    } else {
      kept.emplace(p.name, threshold(p, now_, warm_up_limit(e.use.warm_up, book_)));
    }
  }
  thresholds_ = std::move(kept);
  rules_ = e.use;
}

void medic::on(const event::stood_down& e) {
  if (in_restart(phase_)) out_.push_back(action::cancel_drain{false});
  if (phase_ == phase::restarting) forget_exit();
  phase_ = phase::standing_down;
  tell(severity::normal, "StandingDown", e.why + ": podmedic judges and restarts nothing from now on");
  out_.push_back(action::save{});
}

void medic::on(const event::restart_requested& e) {
  const auto answer = [this](bool accepted, std::string message) {
    out_.push_back(action::answer{accepted, std::move(message)});
  };
  if (in_restart(phase_)) {
    return answer(false, "a restart is under way already");
  }
  const std::vector<refusal> forbidden = ask(rules_, book_, facts_, {true}, now_, wall_);
  if (!pass_by_themselves(forbidden)) return answer(false, "not now: " + messages_of(forbidden));
  const bool stay_unready = phase_ == phase::waiting && cause_ && cause_->unready_while_waiting;
  cause_ = cause{.probe = {},
                 .why = {"Requested", e.reason},
                 .requested_by = e.by,
                 .failing_since = now_,
                 .failures_when_suspected = 0,
                 .confirmed_at = now_,
                 .unready_while_waiting = stay_unready};
  phase_ = phase::waiting;
  told_refusals_ = reasons_of(forbidden);
  tell(severity::normal, "RestartRequested", "by " + e.by + ": " + e.reason);
  answer(true, forbidden.empty() ? "draining, then restarting all containers" : "accepted, and waiting: " + messages_of(forbidden));
}

std::vector<refusal> medic::refusals(instant now, wall_time wall) const {
  const bool by_request = cause_ && !cause_->requested_by.empty();
  std::vector<refusal> all = ask(rules_, book_, facts_, {by_request}, now, wall);
  if (drain_refused_ && now < *drain_refused_->until) all.push_back(*drain_refused_);
  return all;
}

std::optional<instant> medic::wake_at(instant now) const {
  constexpr milliseconds at_least{10};
  constexpr milliseconds wall_clock_look{1000};  // pauses and windows end by the wall clock, which may jump
  std::optional<instant> next;
  const auto wake = [&](instant at) { next = std::min(next.value_or(at), std::max(at, now + at_least)); };
  if (phase_ == phase::waiting) {
    for (const refusal& r : refusals(now, wall_)) wake(r.until.value_or(now + wall_clock_look));
  }
  if ((phase_ == phase::recovering || phase_ == phase::holding) && well_since_) wake(*well_since_ + rules_.success.stable);
  return next;
}

const threshold* medic::standing_of(const std::string& probe) const {
  const auto found = thresholds_.find(probe);
  return found == thresholds_.end() ? nullptr : &found->second;
}

void medic::end_cleanly() {
  if (!book_.lives.empty()) book_.lives.back().clean = true;
}

bool medic::enforces() const {
  return rules_.in_mode == mode::enforce && !(rules_.paused_until && wall_ < *rules_.paused_until) && !facts_.safe_mode;
}

bool medic::may_act() const {
  return enforces() && facts_.can_restart != support::missing;
}

bool medic::all_judged(bool (*holds)(const threshold&)) const {
  return std::all_of(rules_.probes.begin(), rules_.probes.end(), [&](const probe_rules& p) {
    return p.on_failure == remedy::observe || holds(thresholds_.at(p.name));
  });
}

bool medic::pending() const {
  const restart_record* last = book_.last();
  return last != nullptr && last->ended == outcome::pending && last->exited;
}

void medic::tell(severity level, std::string reason, std::string message, bool publish) {
  out_.push_back(action::notice{level, std::move(reason), std::move(message), publish});
}

bool medic::out_of_traffic() const {
  if (!enforces() || phase_ == phase::standing_down) return false;
  const auto any = [this](auto&& holds) {
    return std::any_of(rules_.probes.begin(), rules_.probes.end(),
                       [&](const probe_rules& p) { return holds(p, thresholds_.at(p.name)); });
  };
  if (any([](const probe_rules& p, const threshold& t) {
        return p.on_failure == remedy::drain && t.stands() == standing::failing;
      })) {
    return true;
  }
  if (!may_act()) return false;
  switch (phase_) {
    case phase::waiting:
      return cause_ && cause_->unready_while_waiting;
    case phase::draining:
    case phase::quiescing:
    case phase::restarting:
      return true;
    case phase::recovering:  // back in traffic when what was ill has passed once, or its warm-up ran out
      return any([this](const probe_rules& p, const threshold& t) {
        if (!wants_restart(p) || p.while_waiting != waiting::unready) return false;
        // Nothing is learned of a container that is still to start. It will come: the probe has passed before.
        return t.warming_up(now_) || (book_.passed.contains(p.name) && t.awaits_container(now_));
      });
    case phase::holding:
      return rules_.hold == holding::unready;
    default:
      return false;
  }
}

}  // namespace podmedic::policy
