#include "test/support/virtual_pod.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace podmedic::test {
namespace action = policy::action;
namespace event = policy::event;

verdict to_verdict(health found) {
  switch (found) {
    case health::passes:
      return pass{};
    case health::hangs:
      return fail{{"Deadline", "no answer"}, false};
    case health::says_no:
      return fail{{"Refused", "it says no"}, true};
    case health::cannot_be_asked:
      break;
  }
  return unknown{{"NoProcess", "nobody there"}};
}

virtual_pod::virtual_pod(options with, watcher* watched_by) : options_(std::move(with)), watcher_(watched_by) {
  for (const server& s : options_.servers) containers_.push_back({.runs = s, .up_at = {}, .started = {}});
  for (const policy::probe_rules& p : options_.use.probes) {
    const auto home = std::find_if(containers_.begin(), containers_.end(),
                                   [&](const container& c) { return c.runs.container == p.container; });
    probes_.push_back({p.name, p.container.empty() ? 0 : static_cast<std::size_t>(home - containers_.begin()), {}});
  }
}

std::optional<moment> virtual_pod::next() const {
  std::optional<moment> first;
  const auto consider = [&](moment when) { first = std::min(first.value_or(when), when); };
  for (const container& c : containers_) {
    if (!c.up && !c.after_podmedic) consider(c.up_at);
  }
  if (!medic_) {
    consider(podmedic_up_at_);
    return first;
  }
  if (under_way_) consider(under_way_->due);
  if (wake_) consider(*wake_);
  if (!medic_->facts().safe_mode) {
    for (const probe& p : probes_) consider(p.due);
  }
  return first;
}

void virtual_pod::advance(milliseconds by) {
  const moment end = now_ + by;
  for (auto due = next(); due && *due <= end; due = next()) {
    now_ = std::max(now_, *due);
    happen();
  }
  now_ = end;
}

/// One thing that is due.
void virtual_pod::happen() {
  for (container& c : containers_) {
    if (!c.up && !c.after_podmedic && c.up_at <= now_) return start(c);
  }
  if (!medic_) return begin_life();
  if (under_way_ && under_way_->due <= now_) return finish(std::exchange(under_way_, std::nullopt)->what);
  for (probe& p : probes_) {
    if (p.due <= now_) return check(p);
  }
  deliver(event::tick{});
}

void virtual_pod::start(container& c) {
  c.up = true;
  c.started = now_;
  if (watcher_ != nullptr) watcher_->container_started(*this, c.runs.container);
  if (options_.sees_processes) deliver(event::container_started{c.runs.container, boot_now()});
}

void virtual_pod::check(probe& p) {
  p.due = now_ + options_.takes.check_period;
  const container& c = containers_[p.container];
  health found = health::says_no;
  if (!c.up) {
    if (options_.sees_processes) found = health::cannot_be_asked;
  } else if (now_ - c.started >= c.runs.start_up) {
    found = c.runs.behaves(now_, c.started);
  }
  if (watcher_ != nullptr) watcher_->checked(*this, p.name, found);
  deliver(event::check_done{p.name, to_verdict(found)});
}

// Podmedic's lives.

policy::fate virtual_pod::fate_of(const policy::restart_record* last) const {
  if (last == nullptr || !options_.sees_processes) return policy::fate::cannot_tell;
  const bool older = std::any_of(containers_.begin(), containers_.end(),
                                 [&](const container& c) { return c.up && at_boot(c.started) < last->at; });
  return older ? policy::fate::unchanged : policy::fate::restarted;
}

policy::medic::beginning virtual_pod::beginning_of_life() {
  policy::medic::beginning from;
  from.use = options_.use;
  from.seed = options_.seed += 0x9e3779b97f4a7c15U;
  from.found = policy::book_found::lost;
  if (disk_.none()) {
    from.damage = "there is none";
    if (births_ == 0) from.found = policy::book_found::first_life;
  } else if (disk_.book && births_ % options_.births_through_text != 0) {
    from.book = *disk_.book;
    from.found = policy::book_found::sound;
  } else {
    auto read = policy::read_ledger(disk_.book ? disk_.book->to_json() : disk_.text);
    if (const auto* damage = std::get_if<policy::ledger_damage>(&read)) {
      from.damage = damage->message;
    } else {
      from.book = std::get<policy::ledger>(std::move(read));
      from.found = policy::book_found::sound;
    }
  }
  from.book.move_to_boot(boot_id());
  from.last_restart = fate_of(from.book.last());
  ++births_;
  return from;
}

void virtual_pod::begin_life() {
  policy::medic::beginning from = beginning_of_life();
  found_ = from.found;
  const bool not_honoured = std::exchange(exited_with_code_, false) && from.last_restart == policy::fate::unchanged;
  if (options_.meddle.birth) options_.meddle.birth(from);
  medic_ = std::make_unique<policy::medic>(std::move(from), boot_now());
  life_began_ = now_;
  moment first_check = now_;
  for (probe& p : probes_) p.due = first_check += milliseconds(10);
  for (container& c : containers_) {
    if (c.up || !c.after_podmedic) continue;
    c.after_podmedic = false;
    c.up_at = now_ + options_.takes.containers_after;
  }
  if (watcher_ != nullptr) watcher_->life_began(*this);
  deliver(event::tick{});
  for (const container& c : containers_) {
    if (c.up && options_.sees_processes) deliver(event::container_started{c.runs.container, at_boot(c.started)});
  }
  if (not_honoured) deliver(event::exit_not_honoured{});
}

void virtual_pod::end_life(milliseconds again_after) {
  if (!medic_) return;
  if (watcher_ != nullptr) watcher_->life_ended(*this);
  medic_.reset();
  if (!ready_) unready_ += now_ - unready_since_;
  ready_ = true;
  under_way_.reset();
  wake_.reset();
  actions_to_live_.reset();
  podmedic_up_at_ = now_ + again_after;
}

void virtual_pod::kill_podmedic() {
  end_life(options_.takes.podmedic_again);
}

void virtual_pod::exit_with_code() {
  restarts_.push_back(exit_began_);
  if (watcher_ != nullptr) watcher_->exited(*this);
  exited_with_code_ = true;
  if (!options_.honoured) return end_life(options_.takes.podmedic_again);
  end_life(options_.takes.pod_again);
  for (container& c : containers_) {
    c.up = false;
    c.after_podmedic = true;
  }
}

void virtual_pod::reboot_node(milliseconds down) {
  end_life(down);
  podmedic_up_at_ = now_ + down + options_.takes.podmedic_again;
  boot_began_ = now_ + down;
  ++boot_;
  exited_with_code_ = false;
  for (container& c : containers_) {
    c.up = false;
    c.after_podmedic = true;
  }
}

void virtual_pod::restart_container(const std::string& name, milliseconds down) {
  for (container& c : containers_) {
    if (c.runs.container != name || !c.up) continue;
    c.up = false;
    c.after_podmedic = false;
    c.up_at = now_ + down;
  }
}

void virtual_pod::edit(policy::rules use) {
  options_.use = std::move(use);
  deliver(event::rules_changed{options_.use});
}

// The shell.

void virtual_pod::deliver(policy::any_event happened) {
  if (!medic_) return;
  if (options_.meddle.event && !options_.meddle.event(happened)) return;
  std::vector<policy::any_action> actions = medic_->step(happened, boot_now(), wall_now());
  if (watcher_ != nullptr) watcher_->stepped(*this);
  for (policy::any_action& a : actions) {
    if (doomed()) return;
    perform(a);
  }
  wake_.reset();
  if (const auto wake = medic_->wake_at(boot_now())) wake_ = wake->time_since_epoch() + boot_began_;
}

/// Whether podmedic was killed just now, because its last action is done.
bool virtual_pod::doomed() {
  if (!actions_to_live_ || (*actions_to_live_)-- > 0) return false;
  kill_podmedic();
  return true;
}

void virtual_pod::perform(policy::any_action& a) {
  if (options_.meddle.action && !options_.meddle.action(a)) return;
  if (watcher_ != nullptr) watcher_->performing(*this, a);
  const timings& takes = options_.takes;
  std::visit(
      [&](auto& one) {
        using kind = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<kind, action::set_ready>) {
          if (!ready_) unready_ += now_ - unready_since_;
          ready_ = one.ready;
          unready_since_ = now_;
        } else if constexpr (std::is_same_v<kind, action::confirm>) {
          for (probe& p : probes_) {
            if (p.name == one.probe) p.due = now_ + takes.confirm_after;
          }
        } else if constexpr (std::is_same_v<kind, action::begin_drain>) {
          begin(operation::drain, takes.drain);
        } else if constexpr (std::is_same_v<kind, action::cancel_drain>) {
          under_way_.reset();
        } else if constexpr (std::is_same_v<kind, action::begin_diagnose>) {
          begin(operation::diagnose, takes.diagnose);
        } else if constexpr (std::is_same_v<kind, action::commit>) {
          begin(operation::commit, takes.commit);
        } else if constexpr (std::is_same_v<kind, action::begin_quiesce>) {
          begin(operation::quiesce, takes.quiesce);
        } else if constexpr (std::is_same_v<kind, action::restart>) {
          exit_began_ = now_;
          begin(operation::write, takes.write_and_exit);
        } else if constexpr (std::is_same_v<kind, action::save>) {
          write(false);
        } else if constexpr (std::is_same_v<kind, action::notice>) {
          notices_.push_back({now_, std::move(one)});
        }
      },
      a);
}

void virtual_pod::finish(operation what) {
  switch (what) {
    case operation::drain:
      if (std::exchange(drain_aborts_, false)) return deliver(event::drain_aborted{"a hook failed"});
      return deliver(event::drained{});
    case operation::diagnose:
      if (std::exchange(obstacle_, false)) return deliver(event::diagnosed{"a process cannot be killed"});
      return deliver(event::diagnosed{});
    case operation::commit: {
      if (doomed()) return;
      const auto error = options_.meddle.commits_nothing ? std::nullopt : write(true);
      if (watcher_ != nullptr) watcher_->committed(*this, !error);
      if (doomed()) return;
      return deliver(event::committed{error});
    }
    case operation::quiesce:
      return deliver(event::quiesced{});
    case operation::write:
      write(true);  // podmedic exits in any case: what was committed is on disk
      if (doomed()) return;
      return begin(operation::exit, options_.takes.write_and_exit);
    case operation::exit:
      return exit_with_code();
  }
}

std::optional<std::string> virtual_pod::write(bool awaited) {
  switch (std::exchange(write_fault_, write_fault::none)) {
    case write_fault::none:
      break;
    case write_fault::lost:
      if (!awaited) return std::nullopt;
      return "input/output error";
    case write_fault::fails:
      return "no space left on device";
    case write_fault::fails_but_written:
      disk_ = {medic_->book(), {}};
      return "input/output error";
    case write_fault::fails_torn:
      disk_ = {medic_->book(), {}};
      tear_ledger(0.5);
      return "input/output error";
  }
  disk_ = {medic_->book(), {}};
  return std::nullopt;
}

void virtual_pod::tear_ledger(double kept) {
  if (disk_.none()) return;
  std::string text = disk_.book ? disk_.book->to_json() : disk_.text;
  text.resize(static_cast<std::size_t>(static_cast<double>(text.size()) * kept));
  replace_ledger(std::move(text));
}

// What there is to see.

moment virtual_pod::started(const std::string& name) const {
  for (const container& c : containers_) {
    if (c.runs.container == name) return c.started;
  }
  return {};
}

milliseconds virtual_pod::start_up(const std::string& name) const {
  for (const container& c : containers_) {
    if (c.runs.container == name) return c.runs.start_up;
  }
  return {};
}

int virtual_pod::count_of(std::string_view reason) const {
  return static_cast<int>(
      std::count_if(notices_.begin(), notices_.end(), [&](const told& t) { return t.what.reason == reason; }));
}

}  // namespace podmedic::test
