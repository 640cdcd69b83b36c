#include "replay.hpp"

#include "probes/sample_text.hpp"
#include "supervisor/policy/medic.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace podmedic::judgement {
namespace {

namespace action = policy::action;
namespace event = policy::event;

constexpr milliseconds boot{1'000'000'000};  // so that what started before the trace has a time too
constexpr wall_time someday{std::chrono::hours(500'000)};

std::optional<verdict> stated_verdict(const std::string& what) {
  if (!what.starts_with("verdict=") && what.find(" verdict=") == std::string::npos) return std::nullopt;
  const probes::sample_text said(what);
  const std::string verdict_name = said.text("verdict");
  if (verdict_name == "Pass") return pass{};
  const diagnosis why{said.text("reason"), said.has("message") ? said.text("message") : std::string()};
  if (verdict_name == "Fail") return fail{why};
  if (verdict_name == "Unknown") return unknown{why};
  throw std::invalid_argument("no verdict: " + verdict_name);
}

std::string reason_of(const verdict& found) {
  if (const auto* failed = std::get_if<fail>(&found)) return failed->why.reason;
  const auto* asked_in_vain = std::get_if<unknown>(&found);
  return asked_in_vain != nullptr ? asked_in_vain->why.reason : std::string();
}

class player {
 public:
  explicit player(const trace& of)
      : of_(of), medic_({.use = of.with.rules, .book = {}, .damage = {}, .seed = 1}, at(milliseconds(0))) {
    for (const config::probe_entry& probe : of.with.probes) {
      if (probe.spec.replay) judges_[probe.name] = probe.spec.replay();
    }
  }

  decision play() {
    feed(event::support_found{policy::support::verified, ""});
    std::set<std::string> containers;
    for (const config::probe_entry& probe : of_.with.probes) containers.insert(probe.container);
    for (const std::string& name : containers) feed(event::container_started{name, at(of_.started)});
    for (const observation& seen : of_.seen) {
      pass_time_until(seen.at);
      if (ended_) break;
      now_ = seen.at;
      hear(seen);
    }
    return std::move(made_);
  }

 private:
  static instant at(milliseconds when) { return instant(boot + when); }

  void hear(const observation& seen) {
    if (seen.of == "liveness") return;
    if (seen.of == "container") return feed(event::container_started{seen.what, at(now_)});
    const bool known = std::any_of(of_.with.probes.begin(), of_.with.probes.end(),
                                   [&](const config::probe_entry& probe) { return probe.name == seen.of; });
    if (!known) throw std::invalid_argument("no probe " + seen.of);
    std::optional<verdict> found = stated_verdict(seen.what);
    if (!found) found = judges_.at(seen.of)(seen.what, now_);
    note(reason_of(*found));
    feed(event::check_done{seen.of, *found});
  }

  /// What the medic wants to be woken for, and the end of a drain.
  void pass_time_until(milliseconds when) {
    while (!ended_) {
      std::optional<milliseconds> next = drained_at_;
      if (const auto wake = medic_.wake_at(at(now_))) {
        const milliseconds due = wake->time_since_epoch() - boot;
        if (!next || due < *next) next = due;
      }
      if (!next || *next > when) return;
      now_ = std::max(now_, *next);
      if (drained_at_ && *drained_at_ <= now_) {
        drained_at_.reset();
        feed(event::drained{});
      } else {
        feed(event::tick{});
      }
    }
  }

  void feed(const policy::any_event& happened) {
    for (const policy::any_action& a : medic_.step(happened, at(now_), someday + now_)) {
      std::visit([this](const auto& one) { perform(one); }, a);
    }
  }

  void perform(const action::set_ready&) {}
  void perform(const action::begin_drain&) {
    made_.at = now_;
    drained_at_ = now_ + medic_.use().drain.settle;
  }
  void perform(const action::cancel_drain&) {
    made_.at.reset();
    drained_at_.reset();
  }
  void perform(const action::undo_drain&) { feed(event::drain_undone{true}); }
  void perform(const action::begin_diagnose&) { feed(event::diagnosed{}); }
  void perform(const action::commit&) { feed(event::committed{}); }
  void perform(const action::try_ledger&) { feed(event::ledger_tried{}); }
  void perform(const action::begin_quiesce&) { feed(event::quiesced{}); }
  void perform(const action::evict&) {}
  void perform(const action::read_fleet&) {}
  void perform(const action::read_lease&) {}
  void perform(const action::write_lease&) {}
  void perform(const action::ask_preconditions&) {}
  void perform(const action::read_success_metrics&) {}
  void perform(const action::restart& a) {
    const bool all = a.scope == policy::lifecycle::pod_scope;
    made_.what = all ? "RestartAllContainers" : "RestartContainer";
    made_.scope = a.scope;
    ended_ = true;
  }
  void perform(const action::notice& a) { note(a.reason); }
  void perform(const action::confirm&) {}  // the next sample of that probe is the confirming check
  void perform(const action::save&) {}
  void perform(const action::run_recovered_hooks&) {}
  void perform(const action::answer&) {}

  void note(const std::string& reason) {
    const bool known =
        std::any_of(made_.told.begin(), made_.told.end(), [&](const auto& t) { return t.second == reason; });
    if (!reason.empty() && !known) made_.told.emplace_back(now_, reason);
  }

  const trace& of_;
  std::map<std::string, probes::sample_judge> judges_;
  policy::medic medic_;
  milliseconds now_{0};
  std::optional<milliseconds> drained_at_;
  bool ended_ = false;
  decision made_;
};

}  // namespace

decision replay(const trace& of) {
  return player(of).play();
}

bool as_expected(const trace& of, const decision& made) {
  const expectation& wanted = of.expected;
  if (made.what != wanted.decision || made.scope != wanted.scope) return false;
  const milliseconds latest = of.fault + wanted.bound;
  if (made.at && (*made.at < of.fault || *made.at > latest)) return false;
  return wanted.diagnosis.empty() || std::any_of(made.told.begin(), made.told.end(), [&](const auto& t) {
           return t.second == wanted.diagnosis && t.first >= of.fault && t.first <= latest;
         });
}

}  // namespace podmedic::judgement
