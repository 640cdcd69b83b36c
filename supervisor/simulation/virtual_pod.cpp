#include "supervisor/simulation/virtual_pod.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace podmedic::simulation {
namespace action = policy::action;
namespace event = policy::event;

verdict to_verdict(health found) {
  switch (found) {
    case health::passes: return pass{};
    case health::hangs: return fail{{"Deadline", "no answer"}, false};
    case health::says_no: return fail{{"Refused", "it says no"}, true};
    case health::forbids_restart: return unknown{{"HalfRotated", "certificate and key do not match"}, true};
    case health::cannot_be_asked: break;
  }
  return unknown{{"NoProcess", "nobody there"}};
}

virtual_pod::virtual_pod(options with, watcher* watched_by) : options_(std::move(with)), watcher_(watched_by) {
  for (const server& s : options_.servers) containers_.push_back({.runs = s, .up_at = {}, .started = {}});
  for (const policy::probe_rules& p : options_.use.probes) {
    const auto home = std::find_if(containers_.begin(), containers_.end(),
                                   [&](const container& c) { return c.runs.container == p.container; });
    probes_.push_back({.name = p.name,
                       .container = p.container.empty() ? 0 : static_cast<std::size_t>(home - containers_.begin()),
                       .due = {}});
  }
}

std::optional<moment> virtual_pod::next() const {
  std::optional<moment> first;
  const auto consider = [&](moment when) { first = std::min(first.value_or(when), when); };
  for (const container& c : containers_) {
    if (!c.up && !c.after_podmedic) consider(c.up_at);
    if (c.ends_at) consider(*c.ends_at);
  }
  if (!medic_) {
    consider(podmedic_up_at_);
    return first;
  }
  if (under_way_) consider(under_way_->due);
  if (request_) consider(request_->due);
  if (preconditions_due_) consider(*preconditions_due_);
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
    if (c.ends_at && *c.ends_at <= now_) return end(c);
    if (!c.up && !c.after_podmedic && c.up_at <= now_) return start(c);
  }
  if (!medic_) return begin_life();
  if (under_way_ && under_way_->due <= now_) return finish(std::exchange(under_way_, std::nullopt)->what);
  if (request_ && request_->due <= now_) return hear_from_api();
  if (preconditions_due_ && *preconditions_due_ <= now_) return answer_preconditions();
  for (probe& p : probes_) {
    if (p.due <= now_) return check(p);
  }
  deliver(event::tick{});
}

void virtual_pod::start(container& c) {
  c.up = true;
  c.drained = false;
  c.started = now_;
  check_anew(c);
  if (watcher_ != nullptr) watcher_->container_started(*this, c.runs.container);
  if (options_.sees_processes) deliver(event::container_started{c.runs.container, boot_now()});
}

/// By podmedic's signals. The kubelet starts it again.
void virtual_pod::end(container& c) {
  c.ends_at.reset();
  c.up = c.after_podmedic = false;
  check_anew(c);
  c.up_at = c.back_off.ended(instant(now_)).time_since_epoch() + options_.takes.container_again;
}

void virtual_pod::end_soon(const std::string& name) {
  restarts_.push_back(now_);
  ++(name.empty() ? by_signals_ : restarts_alone_);
  for (container& c : containers_) {
    if ((name.empty() || c.runs.container == name) && c.up) c.ends_at = now_ + options_.takes.quiesce / 2;
  }
}

/// Before the exit with the code: some end early, and the kubelet starts them anew, and some do not heed it.
void virtual_pod::stop_gracefully() {
  if (options_.use.graceful_stop.timeout.count() == 0) return;
  policy::random_source random(options_.seed + static_cast<std::uint64_t>(now_.count()));
  for (container& c : containers_) {
    const milliseconds after(random.between(0, options_.takes.quiesce.count() * 3 / 2));
    if (c.up && after < options_.takes.quiesce) c.ends_at = now_ + after;
  }
}

void virtual_pod::undo_drain() {
  const bool worked = !std::exchange(undo_fails_, false);
  for (container& c : containers_) c.drained = c.drained && !worked;
  answers_.push_back(event::drain_undone{worked});
}

void virtual_pod::all_start_anew() {
  for (container& c : containers_) {
    c.up = false;
    c.after_podmedic = true;
    c.ends_at.reset();
    c.back_off = {};
  }
}

void virtual_pod::check(probe& p) {
  const container& c = containers_[p.container];
  health found = health::says_no;
  if (std::exchange(p.waits, false)) {
    found = health::hangs;
  } else {
    p.began = now_;
    if (!c.up) {
      if (options_.sees_processes) found = health::cannot_be_asked;
    } else if (now_ - c.started >= c.runs.start_up) {
      found = c.runs.behaves(now_, c.started);
    }
    p.waits = found == health::hangs && options_.takes.check_timeout.count() > 0;
    p.due = now_ + (p.waits ? options_.takes.check_timeout : options_.takes.check_period);
    if (p.waits) return;
  }
  p.due = std::max(p.began + options_.takes.check_period, now_);
  if (p.last != found) p.same = 0;
  if (p.same++ == 0) p.same_since = now_;
  p.last = found;
  if (watcher_ != nullptr) watcher_->checked(*this, p.name, found);
  deliver(event::check_done{p.name, to_verdict(found)});
}

/// Until when what checks find decides nothing as long as it stays the same; none: the next one may decide something.
std::optional<moment> virtual_pod::checks_decide_nothing_until() const {
  if (!medic_ || under_way_) return std::nullopt;
  if (options_.api != nullptr && (wake_ || request_)) return std::nullopt;  // a turn goes on
  for (const policy::lifecycle& scope : medic_->scopes()) {
    if (scope.in() != policy::phase::watching && scope.in() != policy::phase::waiting &&
        scope.in() != policy::phase::holding)
      return std::nullopt;
  }
  bool well = true;
  moment since{};
  for (std::size_t i = 0; i < probes_.size(); ++i) {
    const policy::probe_rules& rules = options_.use.probes[i];
    if (probes_[i].same <= std::max(rules.failure_threshold, rules.success_threshold) + 1) return std::nullopt;
    well = well && probes_[i].last == health::passes;
    since = std::max(since, probes_[i].same_since);
  }
  const policy::ledger& book = medic_->book();
  constexpr moment always = moment::max();
  if (!well || book.last() == nullptr || (book.calm_at && *book.calm_at > book.last()->at)) return always;
  if (policy::unrecovered(book) > 0) return std::nullopt;
  // The check that comes when a calm has lasted for a full cap notes it.
  return since + options_.use.success.stable + options_.use.back_off.cap;
}

/// The first check of its row at that time or later.
moment virtual_pod::check_at(const probe& p, moment when) const {
  const milliseconds period = options_.takes.check_period;
  const auto periods = std::max<std::int64_t>(1, (when - p.began + period - milliseconds(1)) / period);
  return p.began + periods * period;
}

/// Of a container that starts or ends.
void virtual_pod::check_anew(const container& c) {
  for (probe& p : probes_) {
    if (&containers_[p.container] != &c) continue;
    p.same = 0;
    if (std::exchange(p.rests, false) || std::exchange(p.waits, false)) p.due = check_at(p, now_);
  }
}

void virtual_pod::rest_or_resume() {
  if (!options_.leaves_out_checks) return;
  const std::optional<moment> until = checks_decide_nothing_until();
  for (probe& p : probes_) {
    const container& c = containers_[p.container];
    if (until && c.up) {
      p.rests = true;
      p.due = check_at(p, std::min(*until, c.runs.steady_until(now_, c.started)));
    } else if (std::exchange(p.rests, false)) {
      p.due = check_at(p, now_);
    }
  }
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
  for (probe& p : probes_) {
    p.due = p.began = first_check += options_.first_check;
    p.waits = p.rests = false;
    p.same = 0;
  }
  for (container& c : containers_) {
    if (c.up || !c.after_podmedic) continue;
    c.after_podmedic = false;
    c.up_at = now_ + options_.takes.containers_after;
  }
  if (watcher_ != nullptr) watcher_->life_began(*this);
  deliver(event::tick{});
  if (options_.api != nullptr) deliver(event::place_found{options_.api->place_of(options_.replica, generation_)});
  if (options_.sees_processes) {
    deliver(event::support_found{policy::support::verified, "", {}, policy::method::signal_all});
  }
  for (const policy::probe_rules& p : options_.use.probes) {
    if (p.on_failure != policy::remedy::restart_container || options_.sees_processes) continue;
    deliver(event::support_found{policy::support::missing, "its processes are not seen", p.container});
  }
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
  if (request_ && !request_->answer) options_.api->answer(options_.replica, request_->asked, now_);  // it arrives
  request_.reset();
  preconditions_due_.reset();
  answers_.clear();
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
  all_start_anew();
}

void virtual_pod::reboot_node(milliseconds down) {
  end_life(down);
  podmedic_up_at_ = now_ + down + options_.takes.podmedic_again;
  boot_began_ = now_ + down;
  ++boot_;
  exited_with_code_ = false;
  all_start_anew();
}

void virtual_pod::restart_container(const std::string& name, milliseconds down) {
  for (container& c : containers_) {
    if (c.runs.container != name || !c.up) continue;
    c.up = false;
    c.after_podmedic = false;
    c.ends_at.reset();
    c.up_at = now_ + down;
    check_anew(c);
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
  for (policy::any_event& answer : std::exchange(answers_, {})) deliver(std::move(answer));
  if (!medic_) return;
  wake_.reset();
  if (const auto wake = medic_->wake_at(boot_now())) wake_ = wake->time_since_epoch() + boot_began_;
  rest_or_resume();
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
            if (p.name != one.probe) continue;
            p.due = now_ + takes.confirm_after;
            p.waits = false;
          }
        } else if constexpr (std::is_same_v<kind, action::begin_drain>) {
          for (container& c : containers_) c.drained = c.up;
          begin(operation::drain, takes.drain);
        } else if constexpr (std::is_same_v<kind, action::cancel_drain>) {
          under_way_.reset();
          if (one.with_hooks) undo_drain();
        } else if constexpr (std::is_same_v<kind, action::undo_drain>) {
          undo_drain();
        } else if constexpr (std::is_same_v<kind, action::begin_diagnose>) {
          begin(operation::diagnose, takes.diagnose);
        } else if constexpr (std::is_same_v<kind, action::commit>) {
          begin(operation::commit, takes.commit);
        } else if constexpr (std::is_same_v<kind, action::try_ledger>) {
          const auto error = write(true);
          if (watcher_ != nullptr) watcher_->committed(*this, !error);
          answers_.push_back(event::ledger_tried{error});
        } else if constexpr (std::is_same_v<kind, action::begin_quiesce>) {
          const bool all = one.scope == policy::lifecycle::pod_scope;
          if (!all || one.by == policy::method::signal_all) {
            end_soon(all ? "" : one.scope);
          } else {
            stop_gracefully();
          }
          begin(operation::quiesce, takes.quiesce);
        } else if constexpr (std::is_same_v<kind, action::restart>) {
          if (one.scope != policy::lifecycle::pod_scope || one.by == policy::method::signal_all) {
            write(false);
            return;
          }
          exit_began_ = now_;
          begin(operation::write, takes.write_and_exit);
        } else if constexpr (std::is_same_v<kind, action::evict>) {
          ++evictions_asked_;
          begin(operation::evict, takes.evict);
        } else if constexpr (std::is_same_v<kind, action::read_fleet> || std::is_same_v<kind, action::read_lease> ||
                             std::is_same_v<kind, action::write_lease>) {
          send(std::move(one));
        } else if constexpr (std::is_same_v<kind, action::ask_preconditions>) {
          preconditions_asked_ = now_;
          preconditions_due_ = now_ + takes.preconditions;
        } else if constexpr (std::is_same_v<kind, action::read_success_metrics>) {
          std::vector<event::success_metrics_read::one> kept(options_.use.success.metrics.size());
          answers_.push_back(event::success_metrics_read{std::move(kept)});
        } else if constexpr (std::is_same_v<kind, action::save>) {
          const bool durably = write_fault_ == write_fault::none;
          write(false);
          if (watcher_ != nullptr) watcher_->saved(*this, durably);
        } else if constexpr (std::is_same_v<kind, action::notice>) {
          if (one.publish) ++published_;
          if (notices_.size() >= options_.most_notices) {
            notices_.erase(notices_.begin(), notices_.begin() + static_cast<std::ptrdiff_t>(notices_.size() / 2));
          }
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
    case operation::quiesce: return deliver(event::quiesced{});
    case operation::write:
      write(true);  // podmedic exits in any case: what was committed is on disk
      if (doomed()) return;
      return begin(operation::exit, options_.takes.write_and_exit);
    case operation::exit: return exit_with_code();
    case operation::evict: return answer_eviction();
    case operation::be_replaced: return be_replaced();
  }
}

void virtual_pod::send(api_request asked) {
  if (options_.api != nullptr) request_ = {std::move(asked), now_ + options_.api_latency / 2, std::nullopt};
}

void virtual_pod::hear_from_api() {
  if (request_->answer) return deliver(*std::exchange(request_, std::nullopt)->answer);
  request_->answer = options_.api->answer(options_.replica, request_->asked, now_);
  request_->due = now_ + options_.api_latency - options_.api_latency / 2;
}

void virtual_pod::answer_preconditions() {
  preconditions_due_.reset();
  if (watcher_ != nullptr) watcher_->preconditions_answer(*this, preconditions_asked_, preconditions_are_);
  const event::preconditions_answered::one each{preconditions_are_, "as the world says"};
  deliver(event::preconditions_answered{{options_.use.preconditions.size(), each}});
}

void virtual_pod::answer_eviction() {
  using answer = event::eviction_answered::answer;
  if (evictions_are_ == eviction::refused) return deliver(event::eviction_answered{answer::refused, "the budget is 0"});
  if (evictions_are_ == eviction::lost) return deliver(event::eviction_answered{answer::failed, "no answer"});
  ++evictions_granted_;
  deliver(event::eviction_answered{answer::granted});
  if (medic_) begin(operation::be_replaced, options_.takes.evict);
}

/// The kubelet ends the Pod, preStop hook first; its owner makes another.
void virtual_pod::be_replaced() {
  deliver(event::stood_down{"the Pod is being deleted"});
  end_life(options_.takes.pod_again);
  disk_ = {};
  births_ = 0;
  ++generation_;
  if (options_.api != nullptr) options_.api->replaced(options_.replica);
  exited_with_code_ = false;
  all_start_anew();
  if (watcher_ != nullptr) watcher_->replaced(*this);
}

std::optional<std::string> virtual_pod::write(bool awaited) {
  switch (std::exchange(write_fault_, write_fault::none)) {
    case write_fault::none: break;
    case write_fault::lost:
      if (!awaited) return std::nullopt;
      return "input/output error";
    case write_fault::fails: return "no space left on device";
    case write_fault::fails_but_written: disk_ = {medic_->book(), {}}; return "input/output error";
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

bool virtual_pod::drained() const {
  return std::any_of(containers_.begin(), containers_.end(), [](const container& c) { return c.up && c.drained; });
}

milliseconds virtual_pod::longest_back_off() const {
  milliseconds longest{0};
  for (const container& c : containers_) longest = std::max({longest, c.back_off.next_wait(), c.up_at - now_});
  return longest;
}

milliseconds virtual_pod::start_up(const std::string& name) const {
  for (const container& c : containers_) {
    if (c.runs.container == name) return c.runs.start_up;
  }
  return {};
}

bool virtual_pod::serves() const {
  return ready() && std::all_of(containers_.begin(), containers_.end(), [this](const container& c) {
           return c.up && now_ - c.started >= c.runs.start_up && c.runs.behaves(now_, c.started) == health::passes;
         });
}

bool virtual_pod::hangs() const {
  return std::any_of(containers_.begin(), containers_.end(), [this](const container& c) {
    return c.up && now_ - c.started >= c.runs.start_up && c.runs.behaves(now_, c.started) == health::hangs;
  });
}

std::optional<moment> virtual_pod::changes_at() const {
  std::optional<moment> first;
  for (const container& c : containers_) {
    if (!c.up || !c.runs.steady_until) continue;
    const moment started = c.started + c.runs.start_up;
    const moment change = started > now_ ? started : c.runs.steady_until(now_, c.started);
    first = std::min(first.value_or(change), change);
  }
  return first;
}

int virtual_pod::count_of(std::string_view reason) const {
  return static_cast<int>(
      std::count_if(notices_.begin(), notices_.end(), [&](const told& t) { return t.what.reason == reason; }));
}

}  // namespace podmedic::simulation
