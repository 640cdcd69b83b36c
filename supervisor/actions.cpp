// How the medic's actions are carried out. See supervisor.hpp.
#include "base/clock.hpp"
#include "base/log.hpp"
#include "supervisor/running_probe.hpp"
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
  const bool recovering = medic_->in() == policy::phase::recovering;
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
}

void supervisor::perform(const action::confirm& a) {
  for (const auto& p : probes_) {
    if (p->loop.name() == a.probe) p->loop.check_now();
  }
}

/// One coroutine at a time carries out a drain and what follows it; it can be cancelled at each await.
void supervisor::start_step(asio::awaitable<void> step) {
  step_cancel_ = std::make_shared<asio::cancellation_signal>();
  auto keep_signal = [signal = step_cancel_](std::exception_ptr) {};
  asio::co_spawn(context_, std::move(step), asio::bind_cancellation_slot(step_cancel_->slot(), std::move(keep_signal)));
}

void supervisor::perform(const action::begin_drain&) {
  start_step(run_drain());
}
void supervisor::perform(const action::begin_diagnose&) {
  start_step(run_diagnose());
}
void supervisor::perform(const action::begin_quiesce&) {
  start_step(run_quiesce());
}

void supervisor::perform(const action::cancel_drain& a) {
  if (step_cancel_) step_cancel_->emit(asio::cancellation_type::terminal);
  if (a.with_hooks) asio::co_spawn(context_, run_hooks_of(config::hook_phase::cancelled), asio::detached);
}

void supervisor::perform(const action::run_recovered_hooks&) {
  asio::co_spawn(context_, run_hooks_of(config::hook_phase::recovered), asio::detached);
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

asio::awaitable<void> supervisor::run_diagnose() {
  const config::configuration use = configuration_;
  co_await drain_.run_hooks(use, config::hook_phase::diagnose, use.rules.drain.timeout);
  // Uninterruptible sleep is normal for an instant; a process that stays in it would make the kubelet's reset stick.
  constexpr int looks = 20;
  constexpr milliseconds between_looks{100};
  asio::steady_timer timer(context_);
  std::optional<std::string> obstacle;
  for (int i = 0; i < looks; ++i) {
    look_at_containers();
    obstacle = containers_.unkillable();
    if (!obstacle) break;
    timer.expires_after(between_looks);
    co_await timer.async_wait(asio::use_awaitable);
  }
  feed(event::diagnosed{obstacle});
}

asio::awaitable<void> supervisor::run_quiesce() {
  const config::configuration use = configuration_;
  // Not after these hooks: where the kubelet looks between a container's end by them and podmedic's own, it starts that
  // container anew by itself, for nothing.
  co_await cluster_.flush(last_words);
  co_await drain_.run_hooks(use, config::hook_phase::quiesce, use.rules.drain.timeout);
  feed(event::quiesced{});
}

asio::awaitable<void> supervisor::run_hooks_of(config::hook_phase phase) {
  const config::configuration use = configuration_;
  co_await drain_.run_hooks(use, phase, use.rules.drain.timeout);
}

void supervisor::perform(const action::commit&) {
  ledger_error_ = state_.save(medic_->book());
  if (!ledger_error_) mirror_last_restart();
  feed(event::committed{ledger_error_});
}

void supervisor::perform(const action::save&) {
  ledger_error_ = state_.save(medic_->book());
  if (ledger_error_) {
    announcer_.tell_once({policy::severity::warning, "LedgerUnwritable",
                          *ledger_error_ + ": podmedic restarts nothing while it cannot write its ledger"}, wall_now());
  }
  mirror_last_restart();
}

void supervisor::perform(const action::restart& a) {
  if (a.scope != policy::lifecycle::pod_scope) {  // onFailure: RestartContainer is refused when annotations are read
    return log::error("this version cannot restart one container", {{"container", a.scope}});
  }
  if (state_.save(medic_->book())) log::warning("the ledger does not say that podmedic went on to exit");
  end(options_.restart_exit_code);
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
