// The state volume under fire: full, read-only, lost, torn. Whether containers were restarted is the kubelet's word.
#include "test/support/rehearsed_pod.hpp"
#include "test/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <sys/mount.h>

#include <csignal>
#include <fstream>

namespace podmedic {
namespace {

using namespace std::chrono_literals;

class state_under_fire : public testing::Test {
 protected:
  void start(milliseconds sandbox_age = 0s) {
    const std::string annotations = R"(    podmedic.io/mode: Enforce
    probe.podmedic.io/engine: |
      exec: {command: [/usr/bin/test, "!", -e, )" +
                                    directory_.file("ill") + R"(]}
      container: engine
      periodSeconds: 0.3
      failureThreshold: 1
    podmedic.io/policy: |
      backoff: {baseSeconds: 1, capSeconds: 3}
      budget: {restarts: 1}
      warmUp: {maxSeconds: 0}
      shutdownGraceSeconds: 0
      drain: {settleSeconds: 0}
)";
    pod_.emplace(context_, test::rehearsed_pod::description{
                               .annotations = annotations,
                               .containers = "  - {name: engine, command: [sleep, \"1000\"]}\n",
                               .sandbox_age = sandbox_age,
                               .prepare = [this](const std::string& state) {
                                 state_ = state;
                                 mounted_ = ::mount("tmpfs", state.c_str(), "tmpfs", 0, "size=128k") == 0;
                               }});
    ASSERT_TRUE(mounted_) << "it needs root, to mount a volume";
    ASSERT_TRUE(pod_->runs_until([&] { return pod_->ledger()["passedMilliseconds"].contains("engine"); }));
  }
  ~state_under_fire() override {
    if (mounted_) ::umount2(state_.c_str(), MNT_DETACH);
  }
  void fall_ill() const { std::ofstream(directory_.file("ill")) << "yes\n"; }
  bool is_told(const std::string& reason) {
    return pod_->runs_until([&] { return pod_->told(reason) > 0; });
  }
  bool is_restarted() {
    return pod_->runs_until([&] { return pod_->of().restarts_of_all() == 1; });
  }
  /// Kills podmedic, and gives its next life that ledger.
  void next_life_finds(const std::string& ledger) {
    pod_->of().signal("podmedic", SIGKILL);
    std::ofstream(pod_->state("ledger.json")) << ledger;
  }
  /// It restarts, but no sooner than a cap of the back-off after it found the ledger lost.
  void expect_one_cap_of_patience() {
    ASSERT_TRUE(is_told("LedgerLost"));
    const instant lost = boot_now();
    fall_ill();
    ASSERT_TRUE(is_restarted());
    EXPECT_GE(boot_now() - lost, 3s);
  }

  boost::asio::io_context context_{1};
  test::temporary_directory directory_;
  std::string state_;
  bool mounted_ = false;
  std::optional<test::rehearsed_pod> pod_;
};

TEST_F(state_under_fire, a_full_disk_stops_every_restart_and_none_is_lost_when_there_is_room_again) {
  start();
  if (IsSkipped()) return;
  {
    std::ofstream filler(pod_->state("filler"), std::ios::binary);
    while (filler.write(std::string(1024, 'x').data(), 1024).flush()) {
    }
  }
  fall_ill();
  ASSERT_TRUE(is_told("LedgerUnwritable"));
  const instant unwritable = boot_now();
  ASSERT_TRUE(pod_->runs_until([&] { return pod_->told("LedgerUnwritable") > 1; })) << "tried again after a cap";
  EXPECT_EQ(pod_->of().restarts_of_all(), 0);
  EXPECT_EQ(pod_->told("Draining"), 0) << "nothing is drained for a restart that cannot be";
  std::filesystem::remove(pod_->state("filler"));
  ASSERT_TRUE(is_restarted());
  EXPECT_GE(boot_now() - unwritable, 3s);
  EXPECT_EQ(pod_->ledger()["restarts"].size(), 1u);
}

TEST_F(state_under_fire, a_read_only_volume_stops_every_restart) {
  start();
  if (IsSkipped()) return;
  ASSERT_EQ(::mount(nullptr, state_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  fall_ill();
  ASSERT_TRUE(pod_->runs_until([&] { return pod_->told("LedgerUnwritable") > 1; }));
  EXPECT_EQ(pod_->of().restarts_of_all(), 0);
  EXPECT_EQ(pod_->told("Draining"), 0);
}

TEST_F(state_under_fire, a_ledger_that_is_gone_as_after_a_reboot_of_the_node_costs_one_cap) {
  start(10min);  // nothing is there, and the Pod is old
  if (IsSkipped()) return;
  expect_one_cap_of_patience();
}

TEST_F(state_under_fire, a_torn_ledger_costs_one_cap) {
  start();
  if (IsSkipped()) return;
  const auto whole = std::get<std::string>(read_file(pod_->state("ledger.json"), 1024 * 1024));
  next_life_finds(whole.substr(0, whole.size() / 2));
  expect_one_cap_of_patience();
}

TEST_F(state_under_fire, a_ledger_of_another_version_costs_one_cap) {
  start();
  if (IsSkipped()) return;
  nlohmann::json book = pod_->ledger();
  book["version"] = 2;
  next_life_finds(book.dump(1) + "\n");
  expect_one_cap_of_patience();
}

}  // namespace
}  // namespace podmedic
