#include "supervisor/simulation/policy_invariants.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace podmedic::simulation {
namespace {

using policy::phase;
using broken = std::optional<std::string>;

std::string at(moment when) {
  return std::to_string(when.count()) + " ms";
}

bool forbidden_by_rules(const virtual_pod& pod) {
  const policy::rules& r = pod.rules();
  return r.in_mode == policy::mode::observe || (r.paused_until && pod.wall_now() < *r.paused_until);
}

/// The illness that the restart under way is for; none for a person's request.
const facts::probe* cause_of(const facts& f) {
  const policy::ledger& book = *f.pod->disk().book;
  for (const facts::probe& p : f.probes) {
    if (book.last()->requested_by.empty() && p.rules.name == book.last()->probe) return &p;
  }
  return nullptr;
}

/// From here on a Pod or a container ends.
bool is_final(const facts& f) {
  return f.now == occasion::quiesce || f.now == occasion::evict;
}

broken no_restart_without_entry(const facts& f) {
  if (!is_final(f)) return {};
  const auto& book = f.pod->disk().book;
  if (f.now == occasion::evict) {
    const bool written = book && book->last() != nullptr && book->last()->by == policy::method::eviction &&
                         book->last()->ended == policy::outcome::pending;
    return written ? broken() : "an eviction is asked for and the disk does not know of it";
  }
  if (!book || book->last() == nullptr) return "processes are stopped and the disk knows of no restart";
  if (book->last()->scope != f.stopped) return "the last entry on disk is of " + book->last()->scope;
  if (book->last()->ended != policy::outcome::pending) return "the last entry on disk is of a restart that is over";
  if (book->last()->at < *f.drain_began || book->last()->at > f.pod->boot_now())
    return "the last entry on disk is older";
  return {};
}

broken budget_is_kept(const facts& f) {
  if (f.now != occasion::exit && f.now != occasion::evict) return {};
  const policy::budget_rules& budget = f.pod->rules().budget;
  const moment last = f.now == occasion::evict ? f.pod->now() : f.restarts.back().at;
  const auto within = std::count_if(f.restarts.begin(), f.restarts.end(),
                                    [&](const facts::restart& r) { return last - r.at < budget.window; }) +
                      (f.now == occasion::evict ? 1 : 0);
  if (within <= budget.restarts) return {};
  return std::to_string(within) + " restarts within " + at(budget.window) + ", of " + std::to_string(budget.restarts);
}

broken doubt_costs_a_cap(const facts& f) {
  const milliseconds cap = f.pod->rules().back_off.cap;
  if (f.now == occasion::evict && f.lost_at && f.pod->now() - *f.lost_at < cap)
    return "an eviction is asked for soon after the ledger was found lost";
  if (is_final(f) && f.unwritable_at && f.pod->now() - *f.unwritable_at < cap)
    return "processes are stopped soon after the ledger could not be written";
  if (f.now != occasion::exit) return {};
  const moment last = f.restarts.back().at;
  if (f.lost_at && last - *f.lost_at < cap)
    return "restarted " + at(last - *f.lost_at) + " after the ledger was found lost";
  return {};
}

broken waits_grow(const facts& f) {
  const policy::back_off_rules& rules = f.pod->rules().back_off;
  if (f.now == occasion::evict) {
    if (f.asked_to_evict_at && f.pod->now() - *f.asked_to_evict_at < rules.base)
      return "an eviction is asked for again after " + at(f.pod->now() - *f.asked_to_evict_at);
    if (!f.restarts.empty() && !f.calm && f.pod->now() - f.restarts.back().at < f.restarts.back().wait)
      return "an eviction is asked for before the last restart's wait is over";
  }
  if (f.now != occasion::exit) return {};
  const facts::restart& last = f.restarts.back();
  if (last.wait < rules.base || last.wait > rules.cap) return "a wait of " + at(last.wait);
  if (f.restarts.size() < 2 || last.calm_before) return {};
  const facts::restart& before = f.restarts[f.restarts.size() - 2];
  if (last.at - before.at < before.wait)
    return "restarted " + at(last.at - before.at) + " after one with a wait of " + at(before.wait);
  if (last.wait < before.wait) return "a wait of " + at(last.wait) + " after one of " + at(before.wait);
  return {};
}

broken unknown_never_restarts(const facts& f) {
  if (!is_final(f)) return {};
  const facts::probe* cause = cause_of(f);
  if (cause == nullptr || cause->start_unseen) return {};
  if (cause->stale) return "its container, or podmedic, started anew and was not checked since";
  if (cause->last != health::hangs && cause->last != health::says_no)
    return "the last check of its probe was no failure";
  if (cause->fails <= cause->rules.failure_threshold) return "only " + std::to_string(cause->fails) + " checks failed";
  return {};
}

broken harm_is_not_done(const facts& f) {
  if (!is_final(f)) return {};
  for (const facts::probe& p : f.probes) {
    const bool all = f.now == occasion::evict || f.stopped == policy::lifecycle::pod_scope;
    if (!all && f.stopped != p.rules.container) continue;
    if (p.forbids) return "probe " + p.rules.name + " said that it makes it worse";
  }
  return {};
}

broken warm_up_is_respected(const facts& f) {
  if (!is_final(f)) return {};
  const facts::probe* cause = cause_of(f);
  if (cause == nullptr || cause->passed || cause->start_unseen) return {};
  const std::string& container = cause->rules.container;
  const policy::warm_up_rules& rules = f.pod->rules().warm_up;
  // Learning may shorten it, but not below what this container is known to need.
  const milliseconds due = rules.learn ? std::min(rules.maximum, f.pod->start_up(container)) : rules.maximum;
  moment start = f.pod->started(container);
  if (!f.pod->with().sees_processes) start = std::min(start, f.pod->life_began());  // all that podmedic can count from
  const milliseconds age = f.pod->now() - start;
  if (age < due) return "its container is " + at(age) + " old and needs " + at(due);
  return {};
}

/// Whether an eviction is asked for as the rules say: after restarts that did not help or could not be carried out, or
/// where the kubelet lacks the feature.
bool may_evict(const facts& f) {
  const policy::rules& r = f.pod->rules();
  const bool missing = f.pod->medic()->facts().can_restart == policy::support::missing;
  if (r.without_support == policy::fallback::evict && missing) return true;
  return r.escalate == policy::escalation::evict && (f.intended_unrecovered >= r.unrecovered_limit || f.obstacle_told);
}

broken escalation_follows(const facts& f) {
  if (f.now == occasion::evict && !may_evict(f)) return "an eviction that the rules do not ask for";
  if (f.now != occasion::exit || !f.written || !f.written->requested_by.empty()) return {};
  if (f.unrecovered <= f.pod->rules().unrecovered_limit) return {};
  const bool a_step_up = f.pod->rules().escalate != policy::escalation::hold &&
                         f.written->scope == policy::lifecycle::pod_scope && f.unrecovered_of_all <= 1;
  if (a_step_up) return {};
  return "restart " + std::to_string(f.unrecovered) + " without recovery";
}

broken fallback_is_kept_to(const facts& f) {
  if (f.now != occasion::quiesce || f.stopped != policy::lifecycle::pod_scope) return {};
  const bool missing = f.pod->medic()->facts().can_restart == policy::support::missing;
  if (missing && !f.by_signals) return "on its way to an exit whose code nobody heeds";
  if (f.by_signals && f.pod->rules().without_support != policy::fallback::signal_all)
    return "ends all containers' processes by itself";
  return {};
}

broken observe_does_nothing(const facts& f) {
  if (!forbidden_by_rules(*f.pod)) return {};
  switch (f.now) {
    case occasion::drain:
    case occasion::quiesce:
    case occasion::restart:
    case occasion::evict: return "drains, restarts or evicts";
    case occasion::step:
      if (!f.pod->medic()->ready()) return "out of traffic";
      return {};
    default: return {};
  }
}

broken stand_down_is_final(const facts& f) {
  const bool acts = is_final(f) || f.now == occasion::restart || f.now == occasion::exit;
  if (f.stood_down && acts) return "stops processes, evicts or exits with the code after stand-down";
  return {};
}

broken one_arbiter(const facts& f) {
  if (f.out_of_order) return "a step of a restart began that did not follow from the one before it";
  return {};
}

/// Whether standing still is what the contract asks for here.
bool may_stand_still(const facts& f) {
  const virtual_pod& pod = *f.pod;
  const policy::medic* medic = pod.medic();
  if (medic == nullptr) return false;
  if (medic->facts().safe_mode) return f.abnormal_ends.size() >= 3;
  if (medic->in() == phase::standing_down) return f.stood_down;
  const policy::fallback instead = pod.rules().without_support;
  const bool falls_back =
      instead == policy::fallback::evict || (instead == policy::fallback::signal_all && pod.with().sees_processes);
  if (medic->facts().can_restart == policy::support::missing && !falls_back)
    return pod.count_of("RestartNotHonoured") > 0;
  if (medic->in() != phase::holding) return false;
  if (f.obstacle_told || f.anything_lost || f.rebooted) return true;
  if (f.intended_unrecovered >= pod.rules().unrecovered_limit) return true;
  moment held{};
  for (const virtual_pod::told& t : pod.notices()) {
    if (t.what.reason == "Holding") held = t.at;
  }
  const policy::budget_rules& budget = pod.rules().budget;
  constexpr milliseconds commit_to_exit{60'000};  // the budget counts from the exit, or from when it is told of it
  const auto spent = std::count_if(f.intentions.begin(), f.intentions.end(),
                                   [&](moment m) { return held - m < budget.window + commit_to_exit; });
  return spent >= budget.restarts;
}

broken progress_is_made(const facts& f) {
  if (f.now != occasion::tail_end) return {};
  if (acts(*f.pod) > f.acts_before_tail || may_stand_still(f)) return {};
  const policy::medic* medic = f.pod->medic();
  return "a server hangs for " + at(f.pod->now() - f.tail_began) + " and podmedic is " +
         std::string(medic == nullptr ? "absent" : to_text(medic->in()));
}

broken fails_open(const facts& f) {
  if (f.pod->medic() == nullptr) return {};
  const bool safe = f.pod->medic()->facts().safe_mode;
  if (f.now == occasion::birth) {
    const auto recent = std::count_if(f.abnormal_ends.begin(), f.abnormal_ends.end(),
                                      [&](moment end) { return f.pod->now() - end <= std::chrono::minutes(10); });
    if (recent >= 3 && !safe) return std::to_string(recent) + " abnormal ends within 10 minutes and no safe mode";
  }
  if (safe && f.now == occasion::step && !f.pod->medic()->ready()) return "out of traffic in safe mode";
  if (safe && f.now != occasion::step && f.now != occasion::birth && f.now != occasion::tail_end)
    return "acts in safe mode";
  return {};
}

broken drain_is_taken_back(const facts& f) {
  if (f.now != occasion::step || !f.drained_in_traffic_since) return {};
  const milliseconds lasts = f.pod->now() - *f.drained_in_traffic_since;
  const milliseconds most = f.pod->rules().back_off.cap + std::chrono::seconds(1);  // a hook that fails is run again
  if (lasts <= most) return {};
  return "in traffic for " + at(lasts) + " as the Drain hooks left it";
}

broken preconditions_hold(const facts& f) {
  const std::vector<policy::precondition_rules>& asked = f.pod->rules().preconditions;
  if (!is_final(f) || asked.empty()) return {};
  constexpr milliseconds to_write_it_down{2'000};
  const auto lately = [&](const std::optional<moment>& when) {
    return when && f.pod->now() - *when <= policy::precondition_lasts + to_write_it_down;
  };
  if (lately(f.preconditions_held_at)) return {};
  const bool may_pass_over = std::all_of(asked.begin(), asked.end(), [](const policy::precondition_rules& each) {
    return each.silence == policy::on_unreachable::proceed;
  });
  const bool silent =
      f.preconditions_are_silent &&
      (!f.preconditions_heard_at || f.pod->now() - *f.preconditions_heard_at >= policy::precondition_lasts);
  if (may_pass_over && silent) return {};
  return f.preconditions_held_at ? "they held " + at(f.pod->now() - *f.preconditions_held_at) + " ago"
                                 : broken("they do not hold");
}

constexpr std::array<invariant, 16> all{{
    {1, "No restart without its ledger entry on disk.", no_restart_without_entry},
    {2, "Never more than budget.restarts in any window, across lives, crashes, node reboots, clock jumps.",
     budget_is_kept},
    {3, "A missing, torn, corrupt or unwritable ledger counts as spent for one cap, never as a clean slate.",
     doubt_costs_a_cap},
    {4, "Waits grow by decorrelated jitter to the cap and reset only after recovery has lasted a full cap.",
     waits_grow},
    {5, "Unknown never restarts.", unknown_never_restarts},
    {6, "Warm-up is never interrupted.", warm_up_is_respected},
    {7,
     "Three restarts without recovery: escalation, never a fourth. One of all containers may follow those of single "
     "ones, and then an eviction, each where policy.escalation goes as far.",
     escalation_follows},
    {9, "Observe, Paused: no drain, no restart.", observe_does_nothing},
    {10, "After stand-down or SIGTERM: no signal, no eviction, never the restart code.", stand_down_is_final},
    {11, "One arbiter.", one_arbiter},
    {12, "A confirmed failure with budget left, in Enforce, is acted on within a computed bound.", progress_is_made},
    {13, "After 3 abnormal ends of podmedic within 10 minutes it starts in safe mode: ready, judging nothing.",
     fails_open},
    {14, "Never a restart that a probe knows to make it worse: into a half-rotated or expired credential.",
     harm_is_not_done},
    {15, "Where the kubelet lacks RestartAllContainers, nothing but what policy.fallback asks for.",
     fallback_is_kept_to},
    {16, "In traffic nothing stays as the Drain hooks made it.", drain_is_taken_back},
    {17, "No restart or eviction whose preconditions did not all hold within the last half minute.",
     preconditions_hold},
}};

}  // namespace

std::span<const invariant> invariants() {
  return all;
}

milliseconds progress_bound(const virtual_pod& pod) {
  const policy::rules& r = pod.rules();
  const timings& t = pod.with().takes;
  int checks = 2;  // one may be just over, and one confirms
  for (const policy::probe_rules& p : r.probes) checks = std::max(checks, p.failure_threshold + 2);
  const milliseconds births = t.podmedic_again + t.pod_again + t.containers_after;
  const milliseconds way = t.drain + t.diagnose + t.commit + t.quiesce + 2 * t.write_and_exit;
  const milliseconds pauses =
      r.back_off.cap + std::min(3 * r.back_off.base, r.back_off.cap);  // waits; an aborted drain
  // Three ways: one that was begun before and comes to nothing, one whose drain a hook aborts, and the one that counts.
  const milliseconds asking =
      r.preconditions.empty() ? milliseconds(0) : 2 * (policy::precondition_lasts + t.preconditions);
  return asking + 3 * way + 2 * births + pod.longest_back_off() + r.warm_up.maximum +
         checks * (t.check_period + t.check_timeout) + pauses + std::chrono::seconds(2);
}

void examiner::judge(const virtual_pod& pod, occasion now) {
  if (found_) return;
  f_.pod = &pod;
  f_.now = now;
  for (const invariant& one : all) {
    auto how = one.broken(f_);
    if (!how) continue;
    found_ = violation{one.number, std::to_string(one.number) + ". " + std::string(one.sentence) + " Broken at " +
                                       at(pod.now()) + ": " + *how};
    return;
  }
}

void examiner::life_began(const virtual_pod& pod) {
  if (f_.probes.empty()) {
    for (const policy::probe_rules& p : pod.with().use.probes) f_.probes.push_back({.rules = p});
  }
  if (pod.found() == policy::book_found::lost) {
    f_.lost_at = pod.now();
    f_.restarts.clear();
    f_.unrecovered = f_.unrecovered_of_all = 0;
    f_.abnormal_ends.clear();
  }
  f_.well_since.reset();
  f_.surely_well_since.reset();
  f_.unwritable_at.reset();
  f_.stood_down = false;
  f_.drained_in_traffic_since.reset();
  f_.drain_forgotten = pod.drained() && (f_.drain_forgotten || f_.last_write_failed);
  f_.stage.reset();
  f_.evicting = false;
  for (facts::probe& p : f_.probes) {
    p.stale = true;
    p.forbids = false;
    p.fails_now = false;
    p.passes = 0;
  }
  judge(pod, occasion::birth);
}

void examiner::life_ended(const virtual_pod& pod) {
  const auto& book = pod.disk().book;
  const bool known = book && book->boot == pod.boot_id() && !book->lives.empty() &&
                     book->lives.back().started == pod.boot_now() - (pod.now() - pod.life_began());
  if (known && !book->lives.back().clean) f_.abnormal_ends.push_back(pod.now());
}

void examiner::checked(const virtual_pod& pod, const std::string& name, health found) {
  const auto p =
      std::find_if(f_.probes.begin(), f_.probes.end(), [&](const facts::probe& q) { return q.rules.name == name; });
  p->last = found;
  p->stale = false;
  const bool failed = found == health::hangs || found == health::says_no;
  if (failed) ++p->fails;
  p->passes = found == health::passes ? p->passes + 1 : 0;
  if (found == health::passes) p->passed = true;
  if (found == health::forbids_restart) {
    p->forbids = true;
  } else if (found != health::cannot_be_asked) {
    p->forbids = false;
    p->fails_now = failed;
  }
  const auto counts = [](const facts::probe& q) { return q.rules.on_failure != policy::remedy::observe; };
  if (std::any_of(f_.probes.begin(), f_.probes.end(),
                  [&](const facts::probe& q) { return counts(q) && q.fails_now; })) {
    f_.well_since.reset();
  } else if (!f_.well_since && std::any_of(f_.probes.begin(), f_.probes.end(), [&](const facts::probe& q) {
               return counts(q) && q.last == health::passes;
             })) {
    f_.well_since = pod.now();
  }
}

void examiner::watch_recovery(const virtual_pod& pod) {
  const policy::rules& r = pod.rules();
  const auto lasts = [&](const std::optional<moment>& since, milliseconds span) {
    return since && pod.now() - *since >= span;
  };
  if (lasts(f_.well_since, r.success.stable)) f_.unrecovered = f_.unrecovered_of_all = 0;
  if (lasts(f_.well_since, r.back_off.cap)) f_.calm = true;
  const policy::medic& medic = *pod.medic();
  const bool judges = !medic.facts().safe_mode && medic.in() != phase::standing_down;
  const bool restarting = f_.stage == occasion::commit || f_.stage == occasion::quiesce;
  const bool surely_well =
      judges && !restarting && std::all_of(f_.probes.begin(), f_.probes.end(), [](const facts::probe& p) {
        return !p.stale && p.passes >= p.rules.success_threshold;
      });
  if (!surely_well) {
    f_.surely_well_since.reset();
  } else if (!f_.surely_well_since) {
    f_.surely_well_since = pod.now();
  }
  f_.surely_recovered = lasts(f_.surely_well_since, r.success.stable);
}

void examiner::container_started(const virtual_pod& pod, const std::string& name) {
  for (facts::probe& p : f_.probes) {
    if (p.rules.container != name) continue;
    // Where podmedic sees no starts, it knows of those alone that come with its own.
    p.start_unseen = !std::exchange(p.starts_with_pod, false) && !pod.with().sees_processes;
    if (p.start_unseen) continue;
    p.fails = p.passes = 0;
    p.passed = p.fails_now = false;
    p.stale = true;
  }
}

void examiner::will_reboot() {
  f_.rebooted = true;
  for (facts::probe& p : f_.probes) p.starts_with_pod = true;
}

void examiner::stepped(const virtual_pod& pod) {
  const auto& scopes = pod.medic()->scopes();
  const bool evicting =
      std::any_of(scopes.begin(), scopes.end(), [](const policy::lifecycle& s) { return s.in() == phase::evicting; });
  if (evicting && !f_.evicting) f_.intentions.push_back(pod.now());  // any write takes it to disk, not the commit alone
  if (f_.evicting && !evicting) f_.stage.reset();  // not asked for: it could not be written down, or is not wanted
  f_.evicting = evicting;
  watch_recovery(pod);
  const bool left_drained = pod.drained() && pod.medic()->ready() && !f_.stood_down && !f_.drain_forgotten;
  if (!left_drained) {
    f_.drained_in_traffic_since.reset();
  } else if (!f_.drained_in_traffic_since) {
    f_.drained_in_traffic_since = pod.now();
  }
  judge(pod, occasion::step);
}

void examiner::begin(const virtual_pod& pod, occasion step, std::optional<occasion> after) {
  if (f_.stage != after || pod.busy()) f_.out_of_order = true;
  f_.stage = step;
  judge(pod, step);
}

void examiner::performing(const virtual_pod& pod, const policy::any_action& a) {
  namespace action = policy::action;
  if (std::holds_alternative<action::begin_drain>(a)) {
    f_.drain_began = pod.boot_now();
    begin(pod, occasion::drain, std::nullopt);
  } else if (std::holds_alternative<action::begin_diagnose>(a)) {
    begin(pod, occasion::diagnose, occasion::drain);
  } else if (std::holds_alternative<action::commit>(a) && f_.evicting) {
    begin(pod, occasion::commit, std::nullopt);
  } else if (std::holds_alternative<action::evict>(a)) {
    begin(pod, occasion::evict, occasion::commit);
    f_.asked_to_evict_at = pod.now();
    f_.stage.reset();
  } else if (std::holds_alternative<action::commit>(a)) {
    begin(pod, occasion::commit, occasion::diagnose);
    f_.intentions.push_back(pod.now());
    ++f_.intended_unrecovered;
    f_.surely_well_since.reset();
    f_.surely_recovered = false;
  } else if (const auto* stops = std::get_if<action::begin_quiesce>(&a)) {
    f_.stopped = stops->scope;
    f_.by_signals = stops->by == policy::method::signal_all;
    const bool of_pod = stops->scope == policy::lifecycle::pod_scope;
    begin(pod, occasion::quiesce, occasion::commit);
    if (!found_) f_.written = *pod.disk().book->last();
    const bool by_signals = !of_pod || f_.by_signals;
    if (!found_ && by_signals) {
      ++f_.unrecovered;
      if (of_pod) ++f_.unrecovered_of_all;
    }
    if (!found_ && (by_signals || stops_gracefully(pod))) {
      count_restart(pod, pod.now());  // in this moment they get their signal
    }
  } else if (const auto* restarts = std::get_if<action::restart>(&a)) {
    begin(pod, occasion::restart, occasion::quiesce);
    if (restarts->scope != policy::lifecycle::pod_scope || f_.by_signals) f_.stage.reset();
  } else if (const auto* calls_off = std::get_if<action::cancel_drain>(&a)) {
    f_.stage.reset();
    if (calls_off->with_hooks) f_.drained_in_traffic_since.reset();
  } else if (std::holds_alternative<action::undo_drain>(a)) {
    f_.drained_in_traffic_since.reset();
  }
}

void examiner::committed(const virtual_pod& pod, bool durably) {
  if (!durably) f_.unwritable_at = pod.now();
  f_.last_write_failed = !durably;
}

void examiner::saved(const virtual_pod&, bool durably) {
  f_.last_write_failed = !durably;
  if (f_.surely_recovered && durably) f_.intended_unrecovered = 0;  // not before: podmedic may be killed
}

void examiner::preconditions_answer(const virtual_pod&, moment asked,
                                    policy::event::preconditions_answered::answer found) {
  using answer = policy::event::preconditions_answered::answer;
  f_.preconditions_are_silent = found == answer::silent;
  if (found == answer::silent) return;
  f_.preconditions_heard_at = asked;
  f_.preconditions_held_at = found == answer::holds ? std::optional(asked) : std::nullopt;
}

void examiner::exited(const virtual_pod& pod) {
  if (!f_.written) return;
  if (pod.with().honoured) ++f_.unrecovered, ++f_.unrecovered_of_all;
  for (facts::probe& p : f_.probes) p.starts_with_pod = pod.with().honoured;
  if (f_.stage != occasion::restart) f_.out_of_order = true;
  if (!stops_gracefully(pod)) count_restart(pod, pod.exit_began());
  judge(pod, occasion::exit);
}

bool examiner::stops_gracefully(const virtual_pod& pod) {
  return pod.rules().graceful_stop.timeout.count() > 0;
}

void examiner::replaced(const virtual_pod&) {
  facts of_another;
  for (const facts::probe& p : f_.probes) of_another.probes.push_back({.rules = p.rules});
  of_another.obstacle_told = f_.obstacle_told;  // what the world has prepared is still to come
  of_another.anything_lost = f_.anything_lost;
  of_another.tail_began = f_.tail_began;
  of_another.acts_before_tail = f_.acts_before_tail;
  f_ = std::move(of_another);
}

void examiner::count_restart(const virtual_pod& pod, moment when) {
  f_.restarts.push_back({when, f_.written->wait_after, f_.calm});
  f_.calm = false;
  judge(pod, occasion::exit);
}

}  // namespace podmedic::simulation
