#include "test/support/policy_invariants.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace podmedic::test {
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

broken no_restart_without_entry(const facts& f) {
  if (f.now != occasion::quiesce) return {};
  const auto& book = f.pod->disk().book;
  if (!book || book->last() == nullptr) return "processes are stopped and the disk knows of no restart";
  if (book->last()->ended != policy::outcome::pending) return "the last entry on disk is of a restart that is over";
  if (book->last()->at < *f.drain_began || book->last()->at > f.pod->boot_now())
    return "the last entry on disk is older";
  return {};
}

broken budget_is_kept(const facts& f) {
  if (f.now != occasion::exit) return {};
  const policy::budget_rules& budget = f.pod->rules().budget;
  const moment last = f.restarts.back().at;
  const auto within = std::count_if(f.restarts.begin(), f.restarts.end(),
                                    [&](const facts::restart& r) { return last - r.at < budget.window; });
  if (within <= budget.restarts) return {};
  return std::to_string(within) + " restarts within " + at(budget.window) + ", of " + std::to_string(budget.restarts);
}

broken doubt_costs_a_cap(const facts& f) {
  if (f.now != occasion::exit) return {};
  const milliseconds cap = f.pod->rules().back_off.cap;
  const moment last = f.restarts.back().at;
  if (f.lost_at && last - *f.lost_at < cap)
    return "restarted " + at(last - *f.lost_at) + " after the ledger was found lost";
  if (f.unwritable_at && last - *f.unwritable_at < cap) return "restarted soon after the ledger could not be written";
  return {};
}

broken waits_grow(const facts& f) {
  if (f.now != occasion::exit) return {};
  const policy::back_off_rules& rules = f.pod->rules().back_off;
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
  if (f.now != occasion::quiesce) return {};
  const facts::probe* cause = cause_of(f);
  if (cause == nullptr || cause->start_unseen) return {};
  if (cause->stale) return "its container, or podmedic, started anew and was not checked since";
  if (cause->last != health::hangs && cause->last != health::says_no)
    return "the last check of its probe was no failure";
  if (cause->fails <= cause->rules.failure_threshold) return "only " + std::to_string(cause->fails) + " checks failed";
  return {};
}

broken warm_up_is_respected(const facts& f) {
  if (f.now != occasion::quiesce) return {};
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

broken escalation_follows(const facts& f) {
  if (f.now != occasion::exit || !f.written || !f.written->requested_by.empty()) return {};
  if (f.unrecovered <= f.pod->rules().unrecovered_limit) return {};
  return "restart " + std::to_string(f.unrecovered) + " without recovery";
}

broken observe_does_nothing(const facts& f) {
  if (!forbidden_by_rules(*f.pod)) return {};
  switch (f.now) {
    case occasion::drain:
    case occasion::quiesce:
    case occasion::restart:
      return "drains or restarts";
    case occasion::step:
      if (!f.pod->medic()->ready()) return "out of traffic";
      return {};
    default:
      return {};
  }
}

broken stand_down_is_final(const facts& f) {
  const bool acts = f.now == occasion::quiesce || f.now == occasion::restart || f.now == occasion::exit;
  if (f.stood_down && acts) return "stops processes or exits with the code after stand-down";
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
  if (medic->facts().can_restart == policy::support::missing) return pod.count_of("RestartNotHonoured") > 0;
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
  if (f.pod->restarts().size() > f.restarts_before_tail || may_stand_still(f)) return {};
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

constexpr std::array<invariant, 12> all{{
    {1, "No restart without its ledger entry on disk.", no_restart_without_entry},
    {2, "Never more than budget.restarts in any window, across lives, crashes, node reboots, clock jumps.",
     budget_is_kept},
    {3, "A missing, torn, corrupt or unwritable ledger counts as spent for one cap, never as a clean slate.",
     doubt_costs_a_cap},
    {4, "Waits grow by decorrelated jitter to the cap and reset only after recovery has lasted a full cap.",
     waits_grow},
    {5, "Unknown never restarts.", unknown_never_restarts},
    {6, "Warm-up is never interrupted.", warm_up_is_respected},
    {7, "Three restarts without recovery: escalation, never a fourth.", escalation_follows},
    {9, "Observe, Paused: no drain, no restart.", observe_does_nothing},
    {10, "After stand-down or SIGTERM: no signal, no eviction, never the restart code.", stand_down_is_final},
    {11, "One arbiter.", one_arbiter},
    {12, "A confirmed failure with budget left, in Enforce, is acted on within a computed bound.", progress_is_made},
    {13, "After 3 abnormal ends of podmedic within 10 minutes it starts in safe mode: ready, judging nothing.",
     fails_open},
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
  return 2 * way + births + r.warm_up.maximum + checks * t.check_period + pauses + std::chrono::seconds(2);
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
    f_.unrecovered = 0;
    f_.abnormal_ends.clear();
  }
  f_.well_since.reset();
  f_.surely_well_since.reset();
  f_.unwritable_at.reset();
  f_.stood_down = false;
  f_.stage.reset();
  for (facts::probe& p : f_.probes) {
    p.stale = true;
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
  if (found != health::cannot_be_asked) p->fails_now = failed;
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
  if (lasts(f_.well_since, r.success.stable)) f_.unrecovered = 0;
  if (lasts(f_.well_since, r.back_off.cap)) f_.calm = true;
  const policy::medic& medic = *pod.medic();
  const bool judges = !medic.facts().safe_mode && medic.in() != phase::standing_down;
  const bool surely_well = judges && std::all_of(f_.probes.begin(), f_.probes.end(), [](const facts::probe& p) {
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
  watch_recovery(pod);
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
  } else if (std::holds_alternative<action::commit>(a)) {
    begin(pod, occasion::commit, occasion::diagnose);
    f_.intentions.push_back(pod.now());
    ++f_.intended_unrecovered;
    f_.surely_well_since.reset();
    f_.surely_recovered = false;
  } else if (std::holds_alternative<action::begin_quiesce>(a)) {
    begin(pod, occasion::quiesce, occasion::commit);
    if (!found_) f_.written = *pod.disk().book->last();
  } else if (std::holds_alternative<action::restart>(a)) {
    begin(pod, occasion::restart, occasion::quiesce);
  } else if (std::holds_alternative<action::save>(a)) {
    if (f_.surely_recovered) f_.intended_unrecovered = 0;  // not before it is on disk: podmedic may be killed
  } else if (std::holds_alternative<action::cancel_drain>(a)) {
    f_.stage.reset();
  }
}

void examiner::committed(const virtual_pod& pod, bool durably) {
  if (!durably) f_.unwritable_at = pod.now();
}

void examiner::exited(const virtual_pod& pod) {
  if (!f_.written) return;
  f_.restarts.push_back({pod.exit_began(), f_.written->wait_after, f_.calm});
  f_.calm = false;
  if (pod.with().honoured) ++f_.unrecovered;
  for (facts::probe& p : f_.probes) p.starts_with_pod = pod.with().honoured;
  if (f_.stage != occasion::restart) f_.out_of_order = true;
  judge(pod, occasion::exit);
}

}  // namespace podmedic::test
