// How the kubelet's probes run, and what their results lead to. See kubelet.hpp.
#include "supervisor/rehearsal/kubelet.hpp"
#include "supervisor/rehearsal/prober.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace podmedic::rehearsal {
namespace asio = boost::asio;
using std::chrono::steady_clock;

asio::awaitable<void> kubelet::probe(member& one, which kind, probe_manifest as) {
  const int life = one.life;
  probe_threshold threshold(as);
  std::vector<std::string> command;
  if (const auto* exec = std::get_if<exec_action>(&as.action)) command = place_.command(one.spec, exec->command);
  asio::steady_timer timer(context_);
  for (auto next = steady_clock::now() + as.initial_delay;; next = std::max(next + as.period, steady_clock::now())) {
    timer.expires_at(next);
    co_await timer.async_wait(asio::use_awaitable);
    if (one.life != life) co_return;
    auto checking = check_once(context_, as, command, one.environment);
    const verdict found = co_await std::move(checking);
    if (one.life != life) co_return;
    const std::optional<bool> passed = threshold.add(found);
    if (passed) take_result(one, kind, as, *passed, found);
    if (kind == which::startup && one.state.started) co_return;
  }
}

void kubelet::take_result(member& one, which kind, const probe_manifest& as, bool passed, const verdict& found) {
  if (kind == which::readiness) {
    one.state.ready = passed;
    report_ready();
  } else if (!passed) {
    if (terminating_ || restarting_all_) return;
    watcher_.liveness_failed(one.spec, std::get<fail>(found).why.message);
    asio::co_spawn(context_, kill_for_liveness(one, as.grace), asio::detached);
  } else if (kind == which::startup) {
    after_start_up(one);
    sync();
  }
}

asio::awaitable<void> kubelet::kill_for_liveness(member& one, milliseconds grace) {
  ++one.life;
  one.killed_by_liveness = true;
  auto hook = run_pre_stop(one, grace);
  co_await std::move(hook);
  auto stopping = stop(one, grace);
  co_await std::move(stopping);
}

}  // namespace podmedic::rehearsal
