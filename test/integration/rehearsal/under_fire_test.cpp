// podmedic is killed at every step of a restart: before each of its system calls that leaves a trace outside of it,
// from the moment in which its Pod falls ill. Whether containers were restarted is the kubelet's word; the ledger is
// podmedic's. Never more restarts than the budget allows, never one that the ledger does not tell of.
#include "test/support/rehearsed_pod.hpp"
#include "test/support/temporary_directory.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>

namespace podmedic {
namespace {

namespace asio = boost::asio;

enum class scope { pod, container };

/// A Pod that falls ill for good, and whose podmedic is killed once.
class killed_pod {
 public:
  static constexpr int budget = 1;

  killed_pod(asio::io_context& context, scope restarts, int at) : restarts_(restarts) {
    const std::string remedy = restarts == scope::pod ? "RestartAllContainers" : "RestartContainer";
    const std::string annotations = R"(    podmedic.io/mode: Enforce
    probe.podmedic.io/engine: |
      exec: {command: [/usr/bin/test, "!", -e, )" +
                                    file("armed") + R"(]}
      container: engine
      onFailure: )" + remedy + R"(
      periodSeconds: 0.3
      failureThreshold: 1
    hook.podmedic.io/10-drain: '{exec: {command: [/bin/true]}}'
    hook.podmedic.io/20-diagnose: '{exec: {command: [/bin/echo, said]}, phase: Diagnose}'
    podmedic.io/policy: |
      backoff: {baseSeconds: 1, capSeconds: 1}
      budget: {restarts: )" + std::to_string(budget) +
                                    R"(}
      warmUp: {maxSeconds: 0}
      shutdownGraceSeconds: 0
      drain: {settleSeconds: 0}
)";
    pod_.emplace(context,
                 test::rehearsed_pod::description{
                     .annotations = annotations,
                     .containers = "  - {name: engine, command: [sleep, \"1000\"]}\n"
                                   "  - {name: beside, command: [sleep, \"1000\"]}\n",
                     .wrapper = {test::binary_directory() + "/test/kill-at", std::to_string(at), directory_.path()}});
  }

  /// From the first pass until podmedic stands still.
  asio::awaitable<bool> live() {
    auto passing = pod_->lives_until([this] { return pod_->ledger()["passedMilliseconds"].contains("engine"); });
    const bool passed = co_await std::move(passing);
    if (!passed) co_return false;
    std::ofstream(file("armed")) << "now\n";
    auto holding = pod_->lives_until([this] { return pod_->told("Holding") > 0; });
    const bool held = co_await std::move(holding);
    auto ending = pod_->end();
    co_await std::move(ending);
    co_return held;
  }
  /// The call that podmedic was killed at; empty where it made fewer.
  std::string killed_at() const {
    std::string call;
    std::ifstream(file("fired")) >> call;
    return call;
  }
  /// As the kubelet counts them.
  int restarted() { return restarts_ == scope::pod ? pod_->of().restarts_of_all() : pod_->starts("engine") - 1; }
  int neighbour_restarted() { return restarts_ == scope::pod ? 0 : pod_->starts("beside") - 1; }
  /// Entries of the ledger, and those of them that say that it happened.
  int written() { return static_cast<int>(pod_->ledger()["restarts"].size()); }
  int said_to_have_happened() {
    int count = 0;
    const nlohmann::json book = pod_->ledger();
    for (const auto& r : book["restarts"]) count += r["outcome"] != "NotExecuted" ? 1 : 0;
    return count;
  }
  std::string story() const {
    std::string all;
    for (const std::string& reason : pod_->reasons()) all += reason + " ";
    return all;
  }

 private:
  std::string file(const std::string& name) const { return directory_.file(name); }

  test::temporary_directory directory_;
  scope restarts_;
  std::optional<test::rehearsed_pod> pod_;
};

/// All Pods live at the same time.
asio::awaitable<bool> live_together(asio::io_context& context, std::vector<std::unique_ptr<killed_pod>>& pods,
                                    std::vector<bool>& stood_still) {
  std::size_t ended = 0;
  for (std::size_t i = 0; i < pods.size(); ++i) {
    asio::co_spawn(context, pods[i]->live(), [&, i](std::exception_ptr, bool still) {
      stood_still[i] = still;
      ++ended;
    });
  }
  asio::steady_timer look(context);
  while (ended < pods.size()) {
    look.expires_after(milliseconds(50));
    co_await look.async_wait(asio::use_awaitable);
  }
  co_return true;
}

class killed_at_every_step : public testing::TestWithParam<scope> {};

TEST_P(killed_at_every_step, it_keeps_its_budget_and_hides_no_restart) {
  constexpr int together = 16;
  constexpr int most = 200;
  const int stride = std::getenv("PODMEDIC_KILL_POINTS") == nullptr ? 2 : 1;
  std::map<std::string, int> points;
  std::map<int, int> restarts;
  int at = 1;  // every second of them; all with PODMEDIC_KILL_POINTS=all
  for (bool reached = true; reached && at < most;) {
    asio::io_context context{1};
    std::vector<std::unique_ptr<killed_pod>> pods;
    for (int i = 0; i < together; ++i)
      pods.push_back(std::make_unique<killed_pod>(context, GetParam(), at + stride * i));
    std::vector<bool> stood_still(pods.size(), false);
    test::run_coroutine(context, live_together(context, pods, stood_still));
    for (int i = 0; i < together; ++i) {
      killed_pod& pod = *pods[static_cast<std::size_t>(i)];
      const std::string call = pod.killed_at();
      if (call.empty()) reached = false;
      if (!call.empty()) ++points[call];
      SCOPED_TRACE("call " + std::to_string(at + stride * i) + ", " + (call.empty() ? "none" : call) + ": " +
                   pod.story());
      EXPECT_TRUE(stood_still[static_cast<std::size_t>(i)]);
      EXPECT_LE(pod.restarted(), killed_pod::budget);
      EXPECT_LE(pod.written(), killed_pod::budget);
      EXPECT_EQ(pod.neighbour_restarted(), 0);
      if (GetParam() == scope::pod) {
        EXPECT_EQ(pod.said_to_have_happened(), pod.restarted());
      } else {  // in doubt whether a signal was sent it was
        EXPECT_GE(pod.said_to_have_happened(), pod.restarted());
      }
      ++restarts[pod.restarted()];
    }
    at += stride * together;
  }
  int all = 0;
  for (const auto& [call, count] : points) {
    std::cout << count << " times at " << call << '\n';
    all += count;
  }
  for (const auto& [count, times] : restarts) std::cout << times << " Pods were restarted " << count << " times\n";
  EXPECT_GE(all, 30) << "too few points: is podmedic traced?";
  EXPECT_LT(at, most);
  EXPECT_GT(restarts[0], 0) << "no end before the restart was among them";
  EXPECT_GT(restarts[1], 0) << "no Pod was restarted";
}

INSTANTIATE_TEST_SUITE_P(of, killed_at_every_step, testing::Values(scope::pod, scope::container),
                         [](const auto& of) { return of.param == scope::pod ? "the_pod" : "a_container"; });

}  // namespace
}  // namespace podmedic
