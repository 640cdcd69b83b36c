// How a Pod ends when it is deleted. See kubelet.hpp.
#include "base/spawn.hpp"
#include "supervisor/rehearsal/kubelet.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace podmedic::rehearsal {
namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

asio::awaitable<void> kubelet::terminate(milliseconds grace) {
  terminating_ = true;
  back_off_timer_.cancel();
  for (std::size_t i = 0; i < members_.size(); ++i) asio::co_spawn(context_, end_of(i, grace), asio::detached);
  const std::function<bool()> all_ended = [this] {
    return std::none_of(members_.begin(), members_.end(), [](const auto& one) { return one->process != nullptr; });
  };
  auto ending = changed_.until(all_ended, grace + 10s);
  co_await std::move(ending);
}

/// The preStop hooks of all containers run at the beginning; sidecars get SIGTERM when those before them have ended.
asio::awaitable<void> kubelet::end_of(std::size_t index, milliseconds grace) {
  constexpr milliseconds least = 2s;  // pkg/kubelet/kuberuntime, minimumGracePeriodInSeconds
  member& one = *members_[index];
  const auto deadline = steady_clock::now() + grace;
  auto hook = run_pre_stop(one, grace);
  co_await std::move(hook);
  if (one.spec.as == role::sidecar) {
    const std::function<bool()> is_next = [this, index] { return is_last_running(index); };
    auto waiting = changed_.until(is_next, grace);
    co_await std::move(waiting);
  }
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
  auto stopping = stop(one, std::max(left, least));
  co_await std::move(stopping);
}

bool kubelet::is_last_running(std::size_t sidecar) const {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const bool ends_before = members_[i]->spec.as != role::sidecar || i > sidecar;
    if (ends_before && members_[i]->process) return false;
  }
  return true;
}

asio::awaitable<void> kubelet::run_pre_stop(member& one, milliseconds at_most) {
  if (!one.process || one.spec.pre_stop.empty()) co_return;
  const std::vector<std::string> command = place_.command(one.spec, one.spec.pre_stop);
  auto running = run_command(command, at_most, 4096, one.environment);
  const command_result ended = co_await std::move(running);
  const auto* exit = std::get_if<command_exit>(&ended);
  if (exit == nullptr || exit->code != 0) watcher_.container_said(one.spec, "its preStop hook failed");
}

}  // namespace podmedic::rehearsal
