// How the medic's actions are carried out. See supervisor.hpp.
#include "base/clock.hpp"
#include "base/end_processes.hpp"
#include "base/log.hpp"
#include "supervisor/preconditions.hpp"
#include "supervisor/running_probe.hpp"
#include "supervisor/stopping.hpp"
#include "supervisor/success_metrics.hpp"
#include "supervisor/supervisor.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>

namespace podmedic {
namespace asio = boost::asio;
namespace action = policy::action;
namespace event = policy::event;

void supervisor::feed(policy::any_event happened) {
  inbox_.push_back(std::move(happened));
  if (stepping_) return;  // an action of the step that runs now brought it; it comes next
  stepping_ = true;
  while (!inbox_.empty()) {
    const policy::any_event next = std::move(inbox_.front());
    inbox_.pop_front();
    for (const policy::any_action& a : medic_->step(next, boot_now(), wall_now())) {
      std::visit([this](const auto& one) { perform(one); }, a);
    }
  }
  stepping_ = false;
  after_step();
}

void supervisor::after_step() {
  constexpr milliseconds while_recovering{500};
  const auto& scopes = medic_->scopes();
  const bool recovering = std::any_of(scopes.begin(), scopes.end(), [](const policy::lifecycle& scope) {
    return scope.in() == policy::phase::recovering;
  });
  for (const auto& p : probes_) {
    const policy::threshold* standing = recovering ? medic_->standing_of(p->loop.name()) : nullptr;
    const bool hurried = standing != nullptr && !standing->passed_since_start();
    p->loop.hurry(hurried ? std::optional(while_recovering) : std::nullopt);
  }
  const std::optional<instant> wake = medic_->wake_at(boot_now());
  if (!wake) return;
  tick_.expires_after(*wake - boot_now());
  tick_.async_wait([this](boost::system::error_code error) {
    if (!error) feed(event::tick{});
  });
}

void supervisor::perform(const action::set_ready& a) {
  if (!a.ready) left_readiness_ = boot_now();
  log::info(a.ready ? "ready" : "not ready");
  cluster_.keep_in_service(a.ready);
}

void supervisor::perform(const action::confirm& a) {
  for (const auto& p : probes_) {
    if (p->loop.name() == a.probe) p->loop.check_now();
  }
}

/// Starts a coroutine that can be cancelled at each await.
supervisor::stop_signal supervisor::start(asio::awaitable<void> task) {
  auto signal = std::make_shared<asio::cancellation_signal>();
  auto keep_signal = [signal](std::exception_ptr) {};
  asio::co_spawn(context_, std::move(task), asio::bind_cancellation_slot(signal->slot(), std::move(keep_signal)));
  return signal;
}

/// One coroutine at a time carries out a drain and what follows it.
void supervisor::start_step(asio::awaitable<void> step) {
  stop_step_ = start(std::move(step));
}

void supervisor::perform(const action::begin_drain&) {
  if (stop_undo_) stop_undo_->emit(asio::cancellation_type::terminal);  // it would take back what this does
  start_step(run_drain());
}
void supervisor::perform(const action::begin_diagnose& a) {
  start_step(run_diagnose(a.scope));
}
void supervisor::perform(const action::begin_quiesce& a) {
  const bool by_exit = a.scope == policy::lifecycle::pod_scope && a.by == policy::method::restart;
  start_step(by_exit ? run_quiesce(a.wedged) : run_end());
}

void supervisor::perform(const action::cancel_drain& a) {
  if (stop_step_) stop_step_->emit(asio::cancellation_type::terminal);
  if (a.with_hooks) perform(action::undo_drain{});
}

void supervisor::perform(const action::undo_drain&) {
  if (stop_undo_) stop_undo_->emit(asio::cancellation_type::terminal);
  stop_undo_ = start(run_undo());
}

void supervisor::perform(const action::ask_preconditions&) {
  asio::co_spawn(context_, run_preconditions(), asio::detached);
}

void supervisor::perform(const action::read_success_metrics&) {
  asio::co_spawn(context_, run_success_metrics(), asio::detached);
}

void supervisor::perform(const action::run_recovered_hooks&) {
  asio::co_spawn(context_, run_recovered(), asio::detached);
}

asio::awaitable<void> supervisor::run_drain() {
  const config::configuration use = configuration_;
  const std::optional<std::string> aborted = co_await drain_.run(use, left_readiness_);
  if (aborted) {
    feed(event::drain_aborted{*aborted});
  } else {
    feed(event::drained{});
  }
}

asio::awaitable<void> supervisor::run_diagnose(std::string scope) {
  const std::string container = scope == policy::lifecycle::pod_scope ? std::string() : scope;
  const config::configuration use = configuration_;
  look_at_containers();
  gather(scope);
  const drain::on_output keep = keep_output();
  co_await drain_.run_hooks(use, config::hook_phase::diagnose, use.rules.drain.timeout, keep);
  // Uninterruptible sleep is normal for an instant; a process that stays in it would make the kubelet's reset stick.
  constexpr int looks = 20;
  constexpr milliseconds between_looks{100};
  asio::steady_timer timer(context_);
  std::optional<std::string> obstacle;
  for (int i = 0; i < looks; ++i) {
    look_at_containers();
    obstacle = containers_.unkillable(container);
    if (!obstacle) break;
    timer.expires_after(between_looks);
    co_await timer.async_wait(asio::use_awaitable);
  }
  to_end_.clear();
  if (container.empty()) {
    find_support_of_signals();
    for (const container_processes& each : containers_.seen()) to_end_.push_back({each.id, each.members.front()});
    std::sort(to_end_.begin(), to_end_.end(),
              [](const life& a, const life& b) { return a.main.started > b.main.started; });
  } else {
    find_support_alone(container);
    const auto found = containers_.of(container);
    if (const auto* seen = std::get_if<const container_processes*>(&found)) {
      to_end_.push_back({(*seen)->id, (*seen)->members.front()});
    }
  }
  constexpr milliseconds for_metrics{500};  // of a server that is ill
  auto reading = read_success_metrics(http_, use.success_metrics, for_metrics);
  const event::success_metrics_read before = co_await std::move(reading);
  feed(event::diagnosed{obstacle, values_of(use.success_metrics, before)});
}

asio::awaitable<void> supervisor::run_quiesce(std::optional<std::string> wedged) {
  const config::configuration use = configuration_;
  // Not after these hooks: where the kubelet looks between a container's end by them and podmedic's own, it starts that
  // container anew by itself, for nothing.
  co_await cluster_.flush(last_words);
  co_await drain_.run_hooks(use, config::hook_phase::quiesce, use.rules.drain.timeout);
  if (use.rules.graceful_stop.timeout.count() > 0) {
    if (wedged && wedged->empty() && containers_.seen().size() == 1) wedged = containers_.seen().front().name;
    policy::graceful_stop plan(use.rules.graceful_stop, std::move(wedged),
                               sidecars_.value_or(std::vector<std::string>()), boot_now());
    look_at_lives look = [this] { return lives_to_stop(); };
    auto stopping = stop_gracefully(std::move(plan), std::move(look));
    co_await std::move(stopping);
  }
  feed(event::quiesced{});
}

std::optional<std::string> supervisor::why_not_stop(const container_processes& one) const {
  if (one.name.empty()) return "its name is not known: grant get on pods, or set PODMEDIC_CONTAINER in it";
  // A Pod whose main containers end and do not come back is over: then the exit code restarts nothing any more.
  if (!sidecars_) return "the Pod could not be read, so it is not known whether the kubelet brings it back";
  if (const auto found = why_not_back_.find(one.name); found != why_not_back_.end()) return found->second;
  return why_not_signal(one.members.front());
}

std::vector<policy::graceful_stop::life> supervisor::lives_to_stop() {
  look_at_containers();
  std::vector<policy::graceful_stop::life> alive;
  for (const container_processes& one : containers_.seen()) {
    const process& main = one.members.front();
    if (main.state == 'Z' || main.state == 'X') continue;
    alive.push_back({one.name, main.pid, main.started, !why_not_stop(one)});
  }
  return alive;
}

void supervisor::say_who_is_not_stopped() {
  const auto& use = configuration_.rules;
  const bool may_stop = std::any_of(use.probes.begin(), use.probes.end(), [](const policy::probe_rules& p) {
    return p.on_failure == policy::remedy::restart_all_containers;
  });
  // Without the API, what it cannot do is said once for all (KubernetesApiOff).
  if (!may_stop || use.graceful_stop.timeout.count() == 0 || !sidecars_) return;
  for (const container_processes& one : containers_.seen()) {
    const std::optional<std::string> why = why_not_stop(one);
    if (!why || one.name.empty()) continue;  // a name is learned a little later
    if (!said_not_stopped_.insert(one.name).second) continue;
    announcer_.tell({policy::severity::normal, "NoGracefulStop",
                     "container " + one.name +
                         " gets no SIGTERM before all containers are restarted, but the kubelet's two seconds: " + *why,
                     false},
                    wall_now());
  }
}

/// No Quiesce hooks: they are for an end of all containers at once, and may kill one that is to stay. One container
/// after the other, so that what was started first serves longest.
asio::awaitable<void> supervisor::run_end() {
  const std::vector<life> all = to_end_;  // those without a process are not among them: the kubelet is at it already
  std::optional<std::string> obstacle;
  for (const life& ends : all) {
    const milliseconds grace = grace_of_last_restart();
    const std::string& container = ends.main.container_name;
    log::info("SIGTERM", {{"container", container}, {"pid", std::to_string(ends.main.pid)}, {"grace", to_text(grace)}});
    living_processes look = [this, ends] { return containers_.living(ends.id, ends.main); };
    auto ending = end_processes(ends.main, std::move(look), {.grace = grace});
    const std::optional<std::string> why_not = co_await std::move(ending);
    if (why_not && !obstacle) obstacle = "container " + container + " could not be ended: " + *why_not;
  }
  feed(event::quiesced{obstacle});
}

asio::awaitable<void> supervisor::run_evict() {
  event::eviction_answered answer = co_await cluster_.evict();
  feed(std::move(answer));
}

milliseconds supervisor::grace_of_last_restart() const {
  const auto& probes = configuration_.probes;
  const auto entry = std::find_if(probes.begin(), probes.end(), [this](const config::probe_entry& e) {
    return e.name == medic_->book().last()->probe;
  });
  if (entry != probes.end() && entry->termination_grace) return *entry->termination_grace;
  return configuration_.rules.closing_grace;
}

asio::awaitable<void> supervisor::run_preconditions() {
  auto asking = ask_preconditions(http_, configuration_.preconditions);
  event::preconditions_answered heard = co_await std::move(asking);
  feed(std::move(heard));
}

asio::awaitable<void> supervisor::run_success_metrics() {
  constexpr milliseconds limit{4'000};
  auto reading = read_success_metrics(http_, configuration_.success_metrics, limit);
  event::success_metrics_read read = co_await std::move(reading);
  feed(std::move(read));
}

asio::awaitable<void> supervisor::run_recovered() {
  const config::configuration use = configuration_;
  co_await drain_.run_hooks(use, config::hook_phase::recovered, use.rules.drain.timeout);
}

asio::awaitable<void> supervisor::run_undo() {
  const config::configuration use = configuration_;
  auto undoing = drain_.undo(use);
  const bool worked = co_await std::move(undoing);
  feed(event::drain_undone{worked});
}

void supervisor::perform(const action::commit&) {
  ledger_error_ = state_.save(medic_->book());
  if (!ledger_error_) {
    mirror_last_restart();
    say_unkept(diagnostics_.restarts());
  }
  feed(event::committed{ledger_error_});
}

void supervisor::perform(const action::try_ledger&) {
  ledger_error_ = state_.save(medic_->book());
  feed(event::ledger_tried{ledger_error_});
}

void supervisor::perform(const action::save&) {
  ledger_error_ = state_.save(medic_->book());
  if (ledger_error_) {
    announcer_.tell_once({policy::severity::warning, "LedgerUnwritable",
                          *ledger_error_ + ": podmedic restarts nothing while it cannot write its ledger"},
                         wall_now());
  }
  mirror_last_restart();
}

void supervisor::perform(const action::restart& a) {
  const bool by_signals = a.scope != policy::lifecycle::pod_scope || a.by == policy::method::signal_all;
  if (by_signals) {  // its processes have ended: the kubelet restarts it
    log::info("ended", {{"container", a.scope}});
    return perform(action::save{});
  }
  if (state_.save(medic_->book())) log::warning("the ledger does not say that podmedic went on to exit");
  end(options_.restart_exit_code);
}

void supervisor::perform(const action::evict&) {
  start_step(run_evict());
}

void supervisor::end(int code) {
  exit_code_ = code;
  log::info("exit", {{"code", std::to_string(code)}});
  context_.stop();
}

void supervisor::perform(const action::notice& a) {
  announcer_.tell(a, wall_now());
}

void supervisor::perform(const action::answer& a) {
  request_answer_ = a;
}

}  // namespace podmedic
