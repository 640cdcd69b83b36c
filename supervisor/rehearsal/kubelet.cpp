#include "supervisor/rehearsal/kubelet.hpp"

#include "base/clock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <csignal>
#include <utility>

namespace podmedic::rehearsal {
namespace asio = boost::asio;
using namespace std::chrono_literals;

kubelet::kubelet(asio::io_context& context, const pod_manifest& pod, const sandbox& place, kubelet_watcher& watcher)
    : context_(context),
      pod_(pod),
      place_(place),
      watcher_(watcher),
      states_(pod.containers.size()),
      changed_(context.get_executor()),
      back_off_timer_(context) {
  for (std::size_t i = 0; i < pod.containers.size(); ++i) {
    const container_manifest& spec = pod.containers[i];
    members_.push_back(std::make_unique<member>(member{spec, place.environment(spec), states_[i]}));
  }
}

void kubelet::start() {
  sync();
  asio::co_spawn(context_, look_at_processes(), asio::detached);
}

bool kubelet::ready() const {
  return ready_ &&
         std::none_of(members_.begin(), members_.end(), [](const auto& one) { return one->unseen_end.has_value(); });
}

bool kubelet::signal(const std::string& container, int signal) {
  for (const auto& one : members_) {
    if (one->spec.name != container || !one->process) continue;
    one->process->signal_all(signal);
    return true;
  }
  return false;
}

asio::awaitable<void> kubelet::look_at_processes() {
  constexpr milliseconds period = 1s;  // pkg/kubelet/kubelet.go, genericPlegRelistPeriod
  asio::steady_timer timer(context_);
  while (!terminating_) {
    timer.expires_after(period);
    co_await timer.async_wait(asio::use_awaitable);
    if (restarting_all_) continue;
    const member* because_of = see_ends();
    if (because_of != nullptr) {
      watcher_.restarting_all(because_of->spec, because_of->state.exit_code);
      auto restarting = restart_all();
      co_await std::move(restarting);
    }
    sync();
  }
}

const kubelet::member* kubelet::see_ends() {
  const member* restarts_all = nullptr;
  for (const auto& one : members_) {
    const std::optional<int> code = std::exchange(one->unseen_end, std::nullopt);
    if (!code) continue;
    container_state& state = one->state;
    const after_end then = after(one->spec, *code, one->killed_by_liveness);
    state.in = container_state::phase::ended;
    state.exit_code = *code;
    state.started = state.ready = false;
    state.restarts = then != after_end::stay_ended;
    if (then == after_end::restart) state.not_before = state.back_off.ended(boot_now());
    if (then == after_end::restart_all_containers) restarts_all = one.get();
  }
  return restarts_all;
}

void kubelet::sync() {
  while (!terminating_ && !restarting_all_) {
    const next_starts next = what_to_start(pod_.containers, states_, initialized_, boot_now());
    initialized_ = next.initialized;
    for (const std::size_t i : next.now) start(*members_[i]);
    if (!next.now.empty()) continue;
    if (next.wake) {
      back_off_timer_.expires_after(*next.wake - boot_now());
      back_off_timer_.async_wait([this](boost::system::error_code error) {
        if (!error) sync();
      });
    }
    break;
  }
  report_ready();
}

void kubelet::start(member& one) {
  one.state.in = container_state::phase::running;
  one.state.ready = one.state.started = false;
  one.killed_by_liveness = false;
  ++one.state.starts;
  watcher_.container_started(one.spec, one.state.starts);
  auto started = container_process::start(
      context_, {place_.command(one.spec, one.spec.command), one.environment, place_.id(), one.spec.name,
                 place_.log_file(one.spec.name),
                 [this, &one](std::string_view line) { watcher_.container_said(one.spec, line); }});
  if (const auto* error = std::get_if<std::string>(&started)) {
    constexpr int start_error = 128;  // as the runtime reports it
    watcher_.container_said(one.spec, *error);
    watcher_.container_ended(one.spec, start_error);
    one.unseen_end = start_error;
    return;
  }
  one.process = std::move(std::get<0>(started));
  asio::co_spawn(context_, run_to_end(one), asio::detached);
  if (one.spec.startup) {
    asio::co_spawn(context_, probe(one, which::startup, *one.spec.startup), asio::detached);
  } else {
    after_start_up(one);
  }
}

asio::awaitable<void> kubelet::run_to_end(member& one) {
  auto running = one.process->run();
  const int code = co_await std::move(running);
  one.process.reset();
  one.unseen_end = code;
  ++one.life;
  if (!restarting_all_ && !terminating_) watcher_.container_ended(one.spec, code);
  changed_.notify();
}

void kubelet::after_start_up(member& one) {
  one.state.started = true;
  one.state.ready = !one.spec.readiness;
  if (one.spec.readiness) {
    asio::co_spawn(context_, probe(one, which::readiness, *one.spec.readiness), asio::detached);
  }
  if (one.spec.liveness) asio::co_spawn(context_, probe(one, which::liveness, *one.spec.liveness), asio::detached);
}

void kubelet::report_ready() {
  const bool now = pod_ready(pod_.containers, states_);
  if (now == ready_) return;
  ready_ = now;
  watcher_.ready_changed(now);
}

asio::awaitable<void> kubelet::restart_all() {
  constexpr milliseconds grace = 2s;  // KEP-5532
  restarting_all_ = true;
  ++restarts_of_all_;
  for (const bool regular : {true, false}) {
    for (const auto& one : members_) {
      ++one->life;
      one->state.ready = one->state.started = false;
      report_ready();
      if ((one->spec.as == role::regular) != regular) continue;
      auto stopping = stop(*one, grace);
      co_await std::move(stopping);
    }
  }
  for (const auto& one : members_) {
    one->unseen_end.reset();
    one->state.in = container_state::phase::waiting;
    one->state.not_before = {};  // no back-off of its own
  }
  initialized_ = false;
  restarting_all_ = false;
}

asio::awaitable<void> kubelet::stop(member& one, milliseconds grace) {
  constexpr milliseconds unkillable = 1h;
  const std::function<bool()> gone = [&one] { return one.process == nullptr; };
  if (one.process) one.process->signal_main(SIGTERM);
  auto ending = changed_.until(gone, grace);
  const bool ended = co_await std::move(ending);
  if (ended) co_return;
  one.process->signal_all(SIGKILL);
  auto killing = changed_.until(gone, unkillable);
  co_await std::move(killing);
}

}  // namespace podmedic::rehearsal
