// A whole podmedic, with every feature on that asks the API, while the API server is slow, refuses, lies, or is
// replaced by something else: never a restart beyond the budget, never one that nobody is told of; and when it works
// again, so does podmedic. Such faults cannot be had from a real one: a server of the test's own stands in its place.
#include "test/support/rehearsed_pod.hpp"
#include "test/support/scripted_server.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <iostream>
#include <memory>

namespace podmedic {
namespace {

namespace asio = boost::asio;
using nlohmann::json;

std::vector<std::string> lines_of(const std::string& file) {
  std::vector<std::string> lines;
  std::ifstream from(file);
  for (std::string line; std::getline(from, line);) lines.push_back(line);
  return lines;
}

/// test/support/hostile_api.py in a process of its own, and the account that podmedic asks it with.
class hostile_api {
 public:
  hostile_api() {
    directory_.write("pod", pod().dump());
    directory_.write("token", "first");
    account_.write("token", "first");
    account_.write("namespace", "fleet");
    std::filesystem::copy_file(authority().file("ca.crt"), account_.file("ca.crt"));
    process_ = std::make_unique<test::child_process>(
        std::vector<std::string>{"/usr/bin/python3", test::source_directory() + "/test/support/hostile_api.py",
                                 directory_.path(), authority().file("tls.crt"), authority().file("tls.key")},
        std::vector{"PATH=" + std::string(std::getenv("PATH"))});
    if (!test::holds_soon([this] { return std::filesystem::exists(directory_.file("port")); })) {
      throw std::runtime_error("the API server did not start");
    }
  }
  /// For podmedic.
  std::string environment() const {
    std::string all;
    for (const auto& [name, value] : std::map<std::string, std::string>{{"KUBERNETES_SERVICE_HOST", "127.0.0.1"},
                                                                        {"KUBERNETES_SERVICE_PORT", port()},
                                                                        {"PODMEDIC_REHEARSED_ACCOUNT", account_.path()},
                                                                        {"PODMEDIC_POD_NAME", "rehearsed"}}) {
      all += ", {name: " + name + ", value: \"" + value + "\"}";
    }
    return all;
  }
  std::string fault_file() const { return directory_.file("fault"); }
  void fails_with(const std::string& fault) const {
    directory_.write("fault.new", fault);
    std::filesystem::rename(directory_.file("fault.new"), fault_file());
  }
  void works() const { std::filesystem::remove(fault_file()); }
  std::size_t met() const { return lines_of(directory_.file("faulty")).size(); }
  std::vector<std::string> events() const { return lines_of(directory_.file("events")); }
  /// Only the new token counts, which the kubelet has yet to bring.
  void rotates() const { directory_.write("token", "second"); }
  void kubelet_brings_the_new_token() const {
    account_.write("token.new", "second");
    std::filesystem::rename(account_.file("token.new"), account_.file("token"));
  }

 private:
  static const test::test_authority& authority() {
    static const test::test_authority only;
    return only;
  }
  std::string port() const { return lines_of(directory_.file("port")).at(0); }
  static json pod() {
    const json rule = {{"action", "RestartAllContainers"}, {"exitCodes", {{"operator", "In"}, {"values", {88}}}}};
    const json own = {{"name", "podmedic"}, {"restartPolicy", "Always"}, {"restartPolicyRules", {rule}}};
    const json owner = {{"kind", "ReplicaSet"}, {"name", "engine-5d9c"}, {"controller", true}};
    return {{"kind", "Pod"},
            {"metadata",
             {{"name", "rehearsed"},
              {"uid", "uid-1"},
              {"labels", {{"pod-template-hash", "5d9c"}}},
              {"ownerReferences", {owner}}}},
            {"spec",
             {{"shareProcessNamespace", true},
              {"initContainers", {own}},
              {"containers", {{{"name", "engine"}}}},
              {"readinessGates", {{{"conditionType", "podmedic.io/InService"}}}}}},
            {"status", {{"conditions", {{{"type", "AllContainersRestarting"}, {"status", "False"}}}}}}};
  }

  test::temporary_directory directory_;
  test::temporary_directory account_;
  std::unique_ptr<test::child_process> process_;
};

/// A Pod that falls ill for good beside such an API server.
class besieged_pod {
 public:
  static constexpr int budget = 2;
  enum class from { illness, drain };  ///< when the fault begins

  besieged_pod(asio::io_context& context, std::string fault, from begins) : fault_(std::move(fault)), begins_(begins) {
    directory_.write("fault", fault_);
    const std::string armed = directory_.file("armed");
    // The hook breaks the API in the middle of the first restart; in the next ones it finds nothing to break it with.
    const std::string hook = begins == from::drain ? "    hook.podmedic.io/10-break: '{exec: {command: [/bin/mv, " +
                                                         directory_.file("fault") + ", " + api_.fault_file() + "]}}'\n"
                                                   : "";
    pod_.emplace(context,
                 test::rehearsed_pod::description{.annotations = R"(    podmedic.io/mode: Enforce
    probe.podmedic.io/engine: |
      exec: {command: [/usr/bin/test, "!", -e, )" + armed +
                                                                 R"(]}
      periodSeconds: 0.3
      failureThreshold: 1
    podmedic.io/policy: |
      backoff: {baseSeconds: 1, capSeconds: 1}
      budget: {restarts: )" + std::to_string(budget) +
                                                                 R"(}
      warmUp: {maxSeconds: 0}
      shutdownGraceSeconds: 0
      drain: {settleSeconds: 0}
      fleet: {minAvailable: 0, coolDownSeconds: 0}
)" + hook,
                                                  .containers = "  - {name: engine, command: [sleep, \"1000\"]}\n",
                                                  .environment = api_.environment()});
  }

  /// Falls ill, lives through the fault and beyond it, until podmedic has spent its budget and holds.
  asio::awaitable<bool> live() {
    auto passing = comes([this] { return pod_->ledger()["passedMilliseconds"].contains("engine"); }, "the first pass");
    const bool passed = co_await std::move(passing);
    if (!passed) co_return false;
    if (begins_ == from::illness) begin_fault();
    std::ofstream(directory_.file("armed")) << "now\n";
    auto confirming = comes([this] { return pod_->told("FailureConfirmed") > 0; }, "the failure's confirmation");
    const bool confirmed = co_await std::move(confirming);
    if (!confirmed) co_return false;
    auto meeting = comes([this] { return has_met_the_fault(); }, "requests that meet the fault");
    const bool met = co_await std::move(meeting);
    if (!met) co_return false;
    restarts_under_fault_ = pod_->of().restarts_of_all();
    end_fault();
    auto holding = comes([this] { return pod_->told("Holding") > 0; }, "the hold, once the budget is spent");
    const bool held = co_await std::move(holding);
    auto hearing = comes([this] { return has_event("Holding"); }, "the Event Holding");
    const bool heard = co_await std::move(hearing);
    restarts_ = pod_->of().restarts_of_all();
    const json book = pod_->ledger();
    for (const json& r : book["restarts"]) written_ += r["outcome"] != "NotExecuted" ? 1 : 0;
    auto ending = pod_->end();
    co_await std::move(ending);
    co_return held&& heard;
  }

  const std::string& fault() const { return fault_; }
  int restarts() const { return restarts_; }  ///< as the kubelet counts them
  int restarts_under_fault() const { return restarts_under_fault_; }
  int written() const { return written_; }  ///< in the ledger
  long told() const { return pod_->told("RestartingAllContainers"); }
  const std::string& missed() const { return missed_; }
  std::string story() const {
    std::string all;
    for (const std::string& reason : pod_->reasons()) all += reason + " ";
    return all;
  }

 private:
  asio::awaitable<bool> comes(std::function<bool()> holds, std::string what) {
    auto living = pod_->lives_until(holds);
    const bool came = co_await std::move(living);
    if (!came) missed_ = what;
    co_return came;
  }
  bool has_met_the_fault() const {
    constexpr std::size_t requests = 6;
    if (fault_ == "rotation") return boot_now() - began_ > std::chrono::seconds(3);
    return api_.met() >= requests;
  }
  bool has_event(const std::string& reason) const {
    const std::vector<std::string> all = api_.events();
    return std::find(all.begin(), all.end(), reason) != all.end();
  }
  void begin_fault() {
    began_ = boot_now();
    if (fault_ == "rotation") return api_.rotates();
    api_.fails_with(fault_);
  }
  void end_fault() {
    if (fault_ == "rotation") return api_.kubelet_brings_the_new_token();
    api_.works();
  }

  std::string fault_;
  from begins_;
  test::temporary_directory directory_;
  hostile_api api_;
  std::optional<test::rehearsed_pod> pod_;
  instant began_{};
  int restarts_ = 0;
  int restarts_under_fault_ = 0;
  int written_ = 0;
  std::string missed_;
};

class hostile_api_test : public testing::TestWithParam<besieged_pod::from> {};

TEST_P(hostile_api_test, costs_no_restart_too_many_and_hides_none_and_is_got_over) {
  std::vector<std::string> faults{"slow",        "unauthorized", "forbidden",
                                  "not-found",   "conflict",     "gone",
                                  "throttled",   "broken",       "throttled-for-ever",
                                  "starting",    "redirect",     "garbage",
                                  "empty",       "null",         "deep",
                                  "wrong-kind",  "wrong-types",  "cut",
                                  "another-pod", "hollow-pod",   "endless",
                                  "late",        "silent",       "hangs-up"};
  if (GetParam() == besieged_pod::from::illness) faults.emplace_back("rotation");
  if (const char* only = std::getenv("PODMEDIC_FAULT")) faults = {only};
  asio::io_context context{1};
  std::vector<std::unique_ptr<besieged_pod>> pods;
  for (const std::string& fault : faults) pods.push_back(std::make_unique<besieged_pod>(context, fault, GetParam()));
  std::vector<bool> healed(pods.size(), false);
  std::size_t ended = 0;
  for (std::size_t i = 0; i < pods.size(); ++i) {
    asio::co_spawn(context, pods[i]->live(), [&, i](std::exception_ptr, bool all) {
      healed[i] = all;
      if (++ended == pods.size()) context.stop();
    });
  }
  context.run();
  for (std::size_t i = 0; i < pods.size(); ++i) {
    const besieged_pod& pod = *pods[i];
    SCOPED_TRACE(pod.fault() + ": " + pod.story());
    EXPECT_TRUE(healed[i]) << "never came: " << pod.missed();
    EXPECT_LE(pod.restarts_under_fault(), besieged_pod::budget);
    EXPECT_EQ(pod.restarts(), besieged_pod::budget) << "the kubelet's word";
    EXPECT_EQ(pod.written(), pod.restarts()) << "each is in the ledger";
    EXPECT_EQ(pod.told(), pod.restarts()) << "each is told";
    std::cout << pod.fault() << ": " << pod.restarts_under_fault() << " restarts while it lasted\n";
  }
}

INSTANTIATE_TEST_SUITE_P(from, hostile_api_test,
                         testing::Values(besieged_pod::from::illness, besieged_pod::from::drain), [](const auto& of) {
                           return of.param == besieged_pod::from::illness ? "the_illness_on" : "within_a_drain";
                         });

}  // namespace
}  // namespace podmedic
