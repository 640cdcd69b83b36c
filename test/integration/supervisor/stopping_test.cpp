// A graceful stop of real processes that heed SIGTERM, do not, are stopped, or come back meanwhile.
#include "supervisor/stopping.hpp"
#include "base/clock.hpp"
#include "base/process_table.hpp"
#include "test/support/child_process.hpp"
#include "test/support/holds_soon.hpp"
#include "test/support/run_coroutine.hpp"
#include "test/support/temporary_directory.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <map>

namespace podmedic {
namespace {

using namespace std::chrono_literals;
using policy::graceful_stop;
using policy::graceful_stop_rules;
using test::holds_soon;

constexpr graceful_stop_rules patient{.timeout = 1000s, .wedged_timeout = 1000s};
constexpr const char* heeds = "trap ': >$OUT.term; exit 0' TERM; : >$READY; while :; do sleep 0.01; done";
constexpr const char* ignores = "trap '' TERM; : >$READY; while :; do sleep 0.01; done";

/// Containers of a rehearsed Pod, and podmedic's look at them.
class a_pod : public testing::Test {
 protected:
  void run(const std::string& container, const std::string& script) {
    const std::string ready = directory_.file("ready." + std::to_string(++started_));
    children_[container] = std::make_unique<test::child_process>(
        std::vector<std::string>{"/bin/sh", "-c", script},
        std::vector<std::string>{"PATH=/usr/bin:/bin", "PODMEDIC_POD=" + pod_, "PODMEDIC_CONTAINER=" + container,
                                 "READY=" + ready, "OUT=" + directory_.file(container)});
    ASSERT_TRUE(holds_soon([&] { return std::filesystem::exists(ready); }));
  }
  std::vector<graceful_stop::life> lives() const {
    std::vector<graceful_stop::life> alive;
    for (const container_processes& group : table_.containers({})) {
      const process& main = group.members.front();
      if (main.state != 'Z') alive.push_back({group.name, main.pid, main.started});
    }
    return alive;
  }
  void stop(graceful_stop_rules use, std::optional<std::string> wedged = {}, std::vector<std::string> sidecars = {}) {
    look_at_lives look = [this] { return seen_now(); };
    graceful_stop plan(use, std::move(wedged), std::move(sidecars), boot_now());
    auto whole = to_its_end(std::move(plan), std::move(look));
    test::run_coroutine(context_, std::move(whole));
  }
  static boost::asio::awaitable<bool> to_its_end(graceful_stop plan, look_at_lives look) {
    auto stopping = stop_gracefully(std::move(plan), std::move(look));
    co_await std::move(stopping);
    co_return true;
  }
  virtual std::vector<graceful_stop::life> seen_now() { return lives(); }
  bool got_term(const std::string& container) const {
    return std::filesystem::exists(directory_.file(container + ".term"));
  }
  bool runs(const std::string& container) const {
    const auto all = lives();
    return std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.container == container; });
  }

  const std::string pod_ = "pod-" + std::to_string(::getpid());
  test::temporary_directory directory_;
  proc_process_table table_{pod_};
  std::map<std::string, std::unique_ptr<test::child_process>> children_;
  int started_ = 0;
  boost::asio::io_context context_;
};

TEST_F(a_pod, whose_containers_heed_sigterm_is_stopped_long_before_its_time) {
  run("engine", heeds);
  run("front", heeds);
  stop(patient);
  EXPECT_TRUE(got_term("engine") && got_term("front"));
  EXPECT_THAT(lives(), testing::IsEmpty());
}

TEST_F(a_pod, with_a_stopped_server_is_stopped_too) {
  run("engine", heeds);
  ::kill(children_.at("engine")->pid(), SIGSTOP);
  stop(patient, "engine");
  EXPECT_TRUE(got_term("engine"));
  EXPECT_FALSE(runs("engine"));
}

TEST_F(a_pod, with_a_container_that_does_not_heed_it_waits_for_its_time_and_kills_nothing) {
  run("engine", ignores);
  run("front", heeds);
  const instant began = boot_now();
  stop({.timeout = 400ms, .wedged_timeout = 0s});
  EXPECT_GE(boot_now() - began, 400ms);
  EXPECT_TRUE(runs("engine"));
  EXPECT_TRUE(got_term("front"));
}

TEST_F(a_pod, leaves_the_others_alone_while_it_waits_for_the_wedged_one) {
  run("engine", "trap 'test -e " + directory_.file("front.term") +
                    " && : >$OUT.late; : >$OUT.term; exit 0' TERM; "
                    ": >$READY; while :; do sleep 0.01; done");
  run("front", heeds);
  stop(patient, "engine");
  EXPECT_TRUE(got_term("engine") && got_term("front"));
  EXPECT_FALSE(std::filesystem::exists(directory_.file("engine.late")));
}

TEST_F(a_pod, ends_a_sidecar_when_the_main_containers_have_ended) {
  run("proxy", "trap 'test -e " + directory_.file("engine.term") +
                   " && : >$OUT.term; exit 0' TERM; : >$READY; "
                   "while :; do sleep 0.01; done");
  run("engine", "trap 'sleep 0.3; : >$OUT.term; exit 0' TERM; : >$READY; while :; do sleep 0.01; done");
  stop(patient, {}, {"proxy"});
  EXPECT_TRUE(got_term("engine"));
  EXPECT_TRUE(got_term("proxy")) << "it ended before the engine had";
}

/// As the kubelet does: what has ended is started anew while the stop is under way.
class a_restarting_pod : public a_pod {
 protected:
  std::vector<graceful_stop::life> seen_now() override {
    if (!runs("front") && started_ == 2) run("front", heeds);
    return lives();
  }
};

TEST_F(a_restarting_pod, has_the_second_life_of_a_container_asked_too) {
  run("engine", "trap 'while ! test -e " + directory_.file("again") +
                    "; do sleep 0.01; done; exit 0' TERM; : >$READY; "
                    "while :; do sleep 0.01; done");
  run("front", "trap 'exit 0' TERM; : >$READY; while :; do sleep 0.01; done");
  // The second life says that it was asked; only then the engine ends.
  std::filesystem::create_symlink(directory_.file("front.term"), directory_.file("again"));
  stop(patient);
  EXPECT_EQ(started_, 3);
  EXPECT_TRUE(got_term("front"));
  EXPECT_FALSE(runs("engine"));
}

}  // namespace
}  // namespace podmedic
