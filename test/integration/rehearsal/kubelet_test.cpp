// The kubelet's semantics on real processes: small shell programs that write down what happens to them.
#include "supervisor/rehearsal/kubelet.hpp"

#include "test/support/holds_soon.hpp"
#include "test/support/run_coroutine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

namespace podmedic::rehearsal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
namespace asio = boost::asio;

/// A Pod on this machine, and all that its kubelet told.
class pod_under_test : public kubelet_watcher {
 public:
  explicit pod_under_test(std::string_view text) : pod_(read(text)), place_(pod_, {}), made_(place_.make()) {
    if (!made_.empty()) throw std::runtime_error(made_);
    kubelet_ = std::make_unique<kubelet>(context_, pod_, place_, *this);
    kubelet_->start();
  }
  ~pod_under_test() override {
    if (!ended_) terminate();
    std::filesystem::remove_all(place_.directory());
  }

  /// Lets the Pod live until something was told so often; false after twenty seconds.
  bool runs_until(const std::string& line, long times = 1) {
    const std::function<bool()> there = [this, line, times] {
      return std::count(told.begin(), told.end(), line) >= times;
    };
    return test::run_coroutine(context_, changed_.until(there, 20s));
  }
  void terminate(milliseconds grace = 5s) {
    ended_ = true;
    test::run_coroutine(context_, [](kubelet& of, milliseconds within) -> asio::awaitable<bool> {
      auto ending = of.terminate(within);
      co_await std::move(ending);
      co_return true;
    }(*kubelet_, grace));
  }
  kubelet& of() { return *kubelet_; }
  /// The words in a file of the volume `data`.
  std::vector<std::string> words_in(const std::string& file) const {
    std::ifstream in(place_.volume_directory("data") + "/" + file);
    return {std::istream_iterator<std::string>(in), {}};
  }
  std::string data() const { return place_.volume_directory("data"); }

  std::vector<std::string> told;

 private:
  static pod_manifest read(std::string_view text) {
    mistakes found;
    pod_manifest pod = read_pod("pod", text, found);
    for (const mistake& each : found) throw std::runtime_error(each.to_text());
    return pod;
  }
  void tell(const std::string& line) {
    told.push_back(line);
    changed_.notify();
  }
  void container_started(const container_manifest& c, int) override { tell(c.name + " starts"); }
  void container_ended(const container_manifest& c, int code) override {
    tell(c.name + " ends " + std::to_string(code));
  }
  void liveness_failed(const container_manifest& c, const std::string&) override { tell(c.name + " is killed"); }
  void restarting_all(const container_manifest& c, int) override { tell(c.name + " restarts all"); }
  void ready_changed(bool ready) override { tell(ready ? "ready" : "not ready"); }
  void container_said(const container_manifest& c, std::string_view line) override {
    tell(c.name + ": " + std::string(line));
  }

  asio::io_context context_{1};
  pod_manifest pod_;
  sandbox place_;
  std::string made_;
  change changed_{context_.get_executor()};
  std::unique_ptr<kubelet> kubelet_;
  bool ended_ = false;
};

TEST(kubelet, starts_init_containers_and_sidecars_in_order_and_a_startup_probe_holds_back_what_follows) {
  pod_under_test pod(R"yaml(
kind: Pod
spec:
  volumes: [{name: data, emptyDir: {}}]
  initContainers:
    - {name: first, command: [/bin/true]}
    - name: beside
      restartPolicy: Always
      command: [/bin/sh, -c, "sleep 0.5; touch /data/up; exec sleep 60"]
      startupProbe: {exec: {command: [/usr/bin/test, -e, /data/up]}, periodSeconds: 1}
      volumeMounts: [{name: data, mountPath: /data}]
    - name: second
      command: [/bin/sh, -c, "test -e /data/up"]
      volumeMounts: [{name: data, mountPath: /data}]
  containers:
    - {name: main, command: [sleep, "60"]}
)yaml");
  ASSERT_TRUE(pod.runs_until("ready"));
  EXPECT_THAT(pod.told, ElementsAre("first starts", "first ends 0", "beside starts", "second starts", "second ends 0",
                                    "main starts", "ready"));
}

TEST(kubelet, a_rule_restarts_all_containers_and_runs_init_containers_again_in_the_same_volumes) {
  pod_under_test pod(R"yaml(
kind: Pod
spec:
  volumes: [{name: data, emptyDir: {}}]
  initContainers:
    - name: medic
      restartPolicy: Always
      restartPolicyRules: [{action: RestartAllContainers, exitCodes: {operator: In, values: [88]}}]
      command: [/bin/sh, -c, "while [ ! -e /data/now ]; do sleep 0.05; done; rm /data/now; exit 88"]
      volumeMounts: [{name: data, mountPath: /data}]
    - name: note
      command: [/bin/sh, -c, "echo note >>/data/notes"]
      volumeMounts: [{name: data, mountPath: /data}]
  containers:
    - name: main
      command: [/bin/sh, -c, "trap 'echo term >>/data/notes; exit 0' TERM; while :; do sleep 0.05; done"]
      volumeMounts: [{name: data, mountPath: /data}]
)yaml");
  ASSERT_TRUE(pod.runs_until("ready"));
  std::ofstream(pod.data() + "/now");
  ASSERT_TRUE(pod.runs_until("ready", 2));
  EXPECT_THAT(pod.words_in("notes"), ElementsAre("note", "term", "note"));
  EXPECT_EQ(pod.of().restarts_of_all(), 1);
  EXPECT_THAT(pod.told, ElementsAre("medic starts", "note starts", "note ends 0", "main starts", "ready",
                                    "medic ends 88", "medic restarts all", "not ready", "medic starts", "note starts",
                                    "note ends 0", "main starts", "ready"));
}

TEST(kubelet, a_container_that_ends_is_restarted_alone_at_once_and_then_after_a_back_off) {
  pod_under_test pod(R"yaml(
kind: Pod
spec:
  containers:
    - {name: crashing, command: [/bin/false]}
    - {name: main, command: [sleep, "60"]}
)yaml");
  ASSERT_TRUE(pod.runs_until("crashing starts", 2));
  const auto second = std::chrono::steady_clock::now();
  ASSERT_TRUE(pod.runs_until("crashing starts", 3));
  EXPECT_GE(std::chrono::steady_clock::now() - second, 10s);
  EXPECT_EQ(std::count(pod.told.begin(), pod.told.end(), "main starts"), 1);
}

TEST(kubelet, a_failed_liveness_probe_kills_that_container_with_its_pre_stop_hook_and_asks_no_rule) {
  pod_under_test pod(R"yaml(
kind: Pod
spec:
  volumes: [{name: data, emptyDir: {}}]
  containers:
    - name: main
      restartPolicy: Always
      restartPolicyRules: [{action: RestartAllContainers, exitCodes: {operator: In, values: [143]}}]
      command: [sleep, "60"]
      livenessProbe: {exec: {command: [/usr/bin/test, "!", -e, /data/ill]}, periodSeconds: 1, failureThreshold: 2}
      lifecycle: {preStop: {exec: {command: [/bin/sh, -c, "rm /data/ill; echo hook >>/data/notes"]}}}
      volumeMounts: [{name: data, mountPath: /data}]
)yaml");
  ASSERT_TRUE(pod.runs_until("ready"));
  std::ofstream(pod.data() + "/ill");
  ASSERT_TRUE(pod.runs_until("main starts", 2));
  EXPECT_THAT(pod.told, ElementsAre("main starts", "ready", "main is killed", "main ends 143", "main starts"));
  EXPECT_THAT(pod.words_in("notes"), ElementsAre("hook"));
  EXPECT_EQ(pod.of().restarts_of_all(), 0);
}

TEST(kubelet, ends_a_pod_with_all_hooks_first_then_the_containers_and_sidecars_last_in_reverse_order) {
  pod_under_test pod(R"yaml(
kind: Pod
spec:
  volumes: [{name: data, emptyDir: {}}]
  initContainers:
    - name: s1
      restartPolicy: Always
      command: [/bin/sh, -c, "trap 'echo s1 >>/data/notes; exit 0' TERM; touch /data/s1; while :; do sleep 0.05; done"]
      startupProbe: {exec: {command: [/usr/bin/test, -e, /data/s1]}, periodSeconds: 1}
      lifecycle: {preStop: {exec: {command: [/bin/sh, -c, "echo hook >>/data/notes"]}}}
      volumeMounts: [{name: data, mountPath: /data}]
    - name: s2
      restartPolicy: Always
      command: [/bin/sh, -c, "trap 'echo s2 >>/data/notes; exit 0' TERM; touch /data/s2; while :; do sleep 0.05; done"]
      startupProbe: {exec: {command: [/usr/bin/test, -e, /data/s2]}, periodSeconds: 1}
      volumeMounts: [{name: data, mountPath: /data}]
  containers:
    - name: main
      command: [/bin/sh, -c,
        "trap 'sleep 0.3; echo main >>/data/notes; exit 0' TERM; touch /data/m; while :; do sleep 0.05; done"]
      readinessProbe: {exec: {command: [/usr/bin/test, -e, /data/m]}, periodSeconds: 1}
      volumeMounts: [{name: data, mountPath: /data}]
)yaml");
  ASSERT_TRUE(pod.runs_until("ready"));
  pod.terminate();
  EXPECT_THAT(pod.words_in("notes"), ElementsAre("hook", "main", "s2", "s1"));
}

TEST(kubelet, what_does_not_heed_sigterm_is_killed_after_the_grace_period_with_all_its_children) {
  pod_under_test pod(R"yaml(
kind: Pod
spec:
  volumes: [{name: data, emptyDir: {}}]
  containers:
    - name: main
      command: [/bin/sh, -c,
        "trap '' TERM; setsid sleep 60 & echo $! >/data/child; touch /data/m; while :; do sleep 0.05; done"]
      readinessProbe: {exec: {command: [/usr/bin/test, -e, /data/m]}, periodSeconds: 1}
      volumeMounts: [{name: data, mountPath: /data}]
)yaml");
  ASSERT_TRUE(pod.runs_until("ready"));
  const auto child = pod.words_in("child");
  ASSERT_EQ(child.size(), 1u);
  const auto is_alive = [file = "/proc/" + child[0] + "/cmdline"] {
    std::ifstream cmdline(file);
    return cmdline.peek() != std::ifstream::traits_type::eof();  // empty for a zombie that nobody has reaped
  };
  ASSERT_TRUE(test::holds_soon(is_alive));  // empty for a moment within exec(2), too
  pod.terminate(2s);
  EXPECT_TRUE(test::holds_soon([&] { return !is_alive(); }));
}

}  // namespace
}  // namespace podmedic::rehearsal
