#include "k8s/pod.hpp"
#include "base/files.hpp"
#include "k8s/json.hpp"
#include "test/support/directories.hpp"

#include <gtest/gtest.h>

namespace podmedic::k8s {
namespace {

using namespace std::chrono_literals;

/// test/unit/k8s/objects: what a real API server printed.
std::string object_text(const std::string& name) {
  const auto read = read_file(test::source_directory() + "/test/unit/k8s/objects/" + name, 1 << 20);
  EXPECT_TRUE(std::holds_alternative<std::string>(read)) << name;
  return std::get<std::string>(read);
}

pod_facts facts_in(const std::string& text) {
  auto parsed = parse_pod(text, "podmedic", 88);
  EXPECT_TRUE(std::holds_alternative<pod_facts>(parsed));
  return std::get<pod_facts>(parsed);
}

TEST(pod, is_read_as_kubernetes_prints_it) {
  const pod_facts facts = facts_in(object_text("pod.json"));
  EXPECT_EQ(facts.name, "engine-0");
  EXPECT_EQ(facts.uid, "ed56b395-fc07-4dc7-ade3-a66197beeff2");
  EXPECT_EQ(facts.rule, restart_rule::present);
  EXPECT_TRUE(facts.share_process_namespace);
  EXPECT_FALSE(facts.host_pid);
  EXPECT_FALSE(facts.host_network);
  EXPECT_EQ(facts.termination_grace, 45s);
  EXPECT_EQ(facts.all_containers_restarting, false);  // there, and False: the kubelet knows the rule
  EXPECT_FALSE(facts.being_deleted);
  EXPECT_EQ(facts.last_exit_code, std::nullopt);
  EXPECT_EQ(facts.names_by_id.size(), 4u);
  for (const auto& [id, name] : facts.names_by_id) EXPECT_EQ(id.size(), 64u) << name;
  EXPECT_EQ(facts.restart_counts,
            (std::map<std::string, int>{{"model", 0}, {"podmedic", 0}, {"engine", 0}, {"log-shipper", 0}}));
}

TEST(pod, names_the_sidecars_but_podmedics_own_in_the_order_in_which_they_start) {
  EXPECT_TRUE(facts_in(object_text("pod.json")).sidecars.empty());
  const std::string pod = R"({"kind": "Pod", "metadata": {"name": "a", "uid": "u"}, "spec": {"initContainers": [
      {"name": "proxy", "restartPolicy": "Always"}, {"name": "podmedic", "restartPolicy": "Always"}, {"name": "once"},
      {"name": "shipper", "restartPolicy": "Always"}], "containers": [{"name": "engine"}]}})";
  EXPECT_EQ(facts_in(pod).sidecars, (std::vector<std::string>{"proxy", "shipper"}));
}

TEST(pod, shows_its_readiness_gate_and_the_condition) {
  const auto with = [](const std::string& gate, const std::string& status) {
    return facts_in(R"({"kind": "Pod", "metadata": {"name": "a", "uid": "u"}, "spec": {"readinessGates": [
        {"conditionType": "other.example/Ready"}, {"conditionType": ")" +
                    gate + R"("}]},
        "status": {"conditions": [{"type": "podmedic.io/InService", "status": ")" +
                    status + R"("}]}})");
  };
  EXPECT_FALSE(facts_in(object_text("pod.json")).in_service_gate);
  EXPECT_EQ(facts_in(object_text("pod.json")).in_service, std::nullopt);
  EXPECT_FALSE(with("podmedic.io/Other", "True").in_service_gate);
  EXPECT_TRUE(with("podmedic.io/InService", "True").in_service_gate);
  EXPECT_EQ(with("podmedic.io/InService", "True").in_service, true);
  EXPECT_EQ(with("podmedic.io/InService", "False").in_service, false);
}

TEST(pod, shows_a_restart_of_all_containers_while_it_goes_on_and_afterwards) {
  EXPECT_EQ(facts_in(object_text("pod_restarting.json")).all_containers_restarting, true);
  const pod_facts after = facts_in(object_text("pod_restarted.json"));
  EXPECT_EQ(after.all_containers_restarting, false);
  EXPECT_EQ(after.last_exit_code, 137);
  EXPECT_EQ(after.last_exit_reason, "RestartingAllContainers");
  EXPECT_EQ(after.restart_counts.at("engine"), 1);
  const pod_facts before = facts_in(object_text("pod.json"));
  EXPECT_EQ(after.uid, before.uid);
  for (const auto& [id, name] : before.names_by_id) EXPECT_FALSE(after.names_by_id.contains(id)) << name;
}

TEST(pod, shows_that_it_is_being_deleted) {
  EXPECT_TRUE(facts_in(object_text("pod_deleting.json")).being_deleted);
}

/// The real Pod with one thing changed.
pod_facts changed(const std::string& pointer, const json& value) {
  json pod = json::parse(object_text("pod.json"));
  pod[json::json_pointer(pointer)] = value;
  return facts_in(pod.dump());
}

json rule(const std::string& action, const std::string& how, const std::vector<int>& codes) {
  return {{"action", action}, {"exitCodes", {{"operator", how}, {"values", codes}}}};
}

TEST(pod, the_first_rule_that_matches_the_exit_code_decides) {
  struct row {
    json rules;
    restart_rule expected;
  };
  const row rows[] = {
      {json::array({rule("RestartAllContainers", "In", {88})}), restart_rule::present},
      {json::array({rule("RestartAllContainers", "In", {1, 88, 137})}), restart_rule::present},
      {json::array({rule("RestartAllContainers", "NotIn", {0, 143})}), restart_rule::present},
      {json::array({rule("Restart", "In", {1}), rule("RestartAllContainers", "In", {88})}), restart_rule::present},
      // an earlier rule takes the code away
      {json::array({rule("Restart", "In", {88}), rule("RestartAllContainers", "In", {88})}),
       restart_rule::other_action},
      {json::array({rule("Restart", "NotIn", {0}), rule("RestartAllContainers", "In", {88})}),
       restart_rule::other_action},
      {json::array({rule("RestartAllContainers", "In", {89})}), restart_rule::no_rule},
      {json::array({rule("RestartAllContainers", "NotIn", {88})}), restart_rule::no_rule},
      {json::array({rule("RestartAllContainers", "Maybe", {88})}), restart_rule::no_rule},  // an operator of the future
      {json::array(), restart_rule::no_rule},
      {nullptr, restart_rule::no_rule},
  };
  for (const row& each : rows) {
    EXPECT_EQ(changed("/spec/initContainers/1/restartPolicyRules", each.rules).rule, each.expected) << each.rules;
  }
}

TEST(pod, a_rule_counts_only_on_podmedics_own_container_that_always_restarts) {
  EXPECT_EQ(changed("/spec/initContainers/1/restartPolicy", "OnFailure").rule, restart_rule::not_always);
  EXPECT_EQ(changed("/spec/initContainers/1/name", "somebody-else").rule, restart_rule::no_container);
  EXPECT_EQ(std::get<pod_facts>(parse_pod(object_text("pod.json"), "engine", 88)).rule, restart_rule::not_always);
  EXPECT_EQ(std::get<pod_facts>(parse_pod(object_text("pod.json"), "podmedic", 89)).rule, restart_rule::no_rule);
}

TEST(pod, shows_that_a_restart_was_not_executed_by_podmedics_own_exit_code) {
  // What a kubelet without the feature leaves: an ordinary restart of the one container.
  const pod_facts facts =
      changed("/status/initContainerStatuses/1/lastState", {{"terminated", {{"exitCode", 88}, {"reason", "Error"}}}});
  EXPECT_EQ(facts.last_exit_code, 88);
  EXPECT_EQ(facts.last_exit_reason, "Error");
}

TEST(pod, without_the_condition_the_kubelets_support_is_unknown) {
  EXPECT_EQ(changed("/status/conditions", json::array()).all_containers_restarting, std::nullopt);
}

TEST(pod, flags_that_reach_beyond_the_pod_are_seen) {
  EXPECT_TRUE(changed("/spec/hostPID", true).host_pid);
  EXPECT_TRUE(changed("/spec/hostNetwork", true).host_network);
  EXPECT_FALSE(changed("/spec/shareProcessNamespace", false).share_process_namespace);
}

TEST(pod, tells_how_podmedics_own_startup_probe_may_fail_with_the_defaults_of_kubernetes) {
  const std::string at = "/spec/initContainers/1/startupProbe";
  const auto probe = [&](const json& given) { return changed(at, given).own_startup_probe; };
  const auto full = probe({{"initialDelaySeconds", 2}, {"periodSeconds", 3}, {"failureThreshold", 40}});
  ASSERT_TRUE(full);
  EXPECT_EQ(full->initial_delay, 2s);
  EXPECT_EQ(full->period, 3s);
  EXPECT_EQ(full->failure_threshold, 40);
  const auto bare = probe(json::object());
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->initial_delay, 0s);
  EXPECT_EQ(bare->period, 10s);
  EXPECT_EQ(bare->failure_threshold, 3);
  EXPECT_FALSE(probe(nullptr));
  const auto odd = probe({{"initialDelaySeconds", 2'000'000'000}, {"periodSeconds", 0}, {"failureThreshold", "x"}});
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->initial_delay, 24h);
  EXPECT_EQ(odd->period, 1s);
  EXPECT_EQ(odd->failure_threshold, 3);
}

TEST(pod, a_grace_period_beyond_reason_is_none) {
  EXPECT_EQ(changed("/spec/terminationGracePeriodSeconds", -1).termination_grace, std::nullopt);
  EXPECT_EQ(changed("/spec/terminationGracePeriodSeconds", 9'223'372'036'854'775'807).termination_grace, std::nullopt);
  EXPECT_EQ(changed("/spec/terminationGracePeriodSeconds", 1e300).termination_grace, std::nullopt);
  EXPECT_EQ(changed("/spec/terminationGracePeriodSeconds", 0).termination_grace, 0s);
}

TEST(pod, what_is_no_pod_is_refused) {
  const std::string texts[] = {
      "",
      "null",
      "[]",
      "7",
      "{}",
      "not json",
      "{\"kind\": \"Pod\"}",  // no name, no uid
      "{\"kind\": \"Pod\", \"metadata\": {\"name\": 1, \"uid\": []}}",
      "{\"kind\": \"Pod\", \"metadata\": {\"name\": \"\xff\", \"uid\": \"a\"}}",  // no UTF-8
      object_text("status_403.json"),
      std::string(1'000'000, '['),  // nests as deep as it can
      "{\"kind\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}",
  };
  for (const std::string& text : texts) {
    EXPECT_TRUE(std::holds_alternative<std::string>(parse_pod(text, "podmedic", 88))) << text.substr(0, 60);
  }
}

void collect_pointers(const json& value, const json::json_pointer& at, std::vector<json::json_pointer>& found) {
  found.push_back(at);
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) collect_pointers(value[i], at / i, found);
  }
  if (value.is_object()) {
    for (const auto& [key, below] : value.items()) {
      collect_pointers(below, at / key, found);
    }
  }
}

TEST(pod, never_throws_whatever_stands_in_any_place) {
  json real = json::parse(object_text("pod_restarted.json"));
  real["metadata"].erase("managedFields");  // the larger half, of which nothing is read
  real["metadata"].erase("annotations");
  real["spec"].erase("volumes");
  real["spec"].erase("tolerations");
  for (const char* list : {"initContainers", "containers"}) {
    for (json& container : real["spec"][list]) container.erase("volumeMounts");
    for (json& status :
         real["status"][std::string(list) == "containers" ? "containerStatuses" : "initContainerStatuses"]) {
      status.erase("volumeMounts");
    }
  }
  std::vector<json::json_pointer> pointers;
  collect_pointers(real, json::json_pointer(), pointers);
  EXPECT_GT(pointers.size(), 150u);
  const json odd_values[] = {nullptr,       true, 18'446'744'073'709'551'615u, "text", json::array({nullptr, 1, "x"}),
                             json::object()};
  for (const json::json_pointer& pointer : pointers) {
    for (const json& odd : odd_values) {
      json pod = real;
      pod[pointer] = odd;
      const std::string text = pod.dump();
      EXPECT_NO_THROW(parse_pod(text, "podmedic", 88)) << pointer.to_string() << " = " << odd;
    }
  }
}

TEST(pod, cut_at_any_place_is_refused) {
  const std::string whole = object_text("pod.json");
  for (std::size_t length = 0; length + 2 < whole.size(); length += 37) {
    EXPECT_TRUE(std::holds_alternative<std::string>(parse_pod(whole.substr(0, length), "podmedic", 88))) << length;
  }
}

/// Why the container "shipper" would not come back; empty: it would.
std::string why_not_back(const std::string& pod_policy, const std::string& of_container, bool init = false) {
  const std::string one = R"({"name": "shipper")" + (of_container.empty() ? "" : ", " + of_container) + "}";
  const std::string text = R"({"kind": "Pod", "metadata": {"name": "p", "uid": "u"}, "spec": {"restartPolicy": ")" +
                           pod_policy + R"(", ")" + (init ? "initContainers" : "containers") + R"(": [)" + one + "]}}";
  const pod_facts facts = facts_in(text);
  const auto found = facts.why_not_back.find("shipper");
  return found == facts.why_not_back.end() ? "" : found->second;
}

TEST(pod, tells_which_containers_the_kubelet_would_not_bring_back_alone) {
  const auto rule = [](const std::string& action, const std::string& op, const std::string& codes) {
    return R"("restartPolicyRules": [{"action": ")" + action + R"(", "exitCodes": {"operator": ")" + op +
           R"(", "values": [)" + codes + "]}}]";
  };
  struct {
    std::string pod_policy;
    std::string container;
    bool init;
    std::string says;
  } const rows[] = {
      {"Always", "", false, ""},
      {"", "", false, ""},  // what Kubernetes takes for Always
      {"Never", "", false, "with restartPolicy Never the kubelet does not bring it back; use restartPolicy: Always"},
      {"OnFailure", "", false, "does not bring it back when it heeds SIGTERM and exits with 0"},
      // A container's own policy counts, and not the Pod's.
      {"Never", R"("restartPolicy": "Always")", false, ""},
      {"Always", R"("restartPolicy": "Never")", false, "with restartPolicy Never"},
      // A native sidecar, and an init container.
      {"Never", R"("restartPolicy": "Always")", true, ""},
      {"Always", "", true, "it is an init container"},
      // Rules: the first that matches wins.
      {"Always", rule("RestartAllContainers", "In", "143"), false, "turn exit code 143 into a restart of all"},
      {"Always", rule("RestartAllContainers", "NotIn", "0"), false, "turn exit code 143 into a restart of all"},
      {"Always", rule("RestartAllContainers", "In", "88"), false, ""},
      {"Never", R"("restartPolicy": "Never", )" + rule("Restart", "In", "0, 137, 143"), false, ""},
      {"Never", R"("restartPolicy": "Never", )" + rule("Restart", "In", "137, 143"), false, "restartPolicy Never"},
  };
  for (const auto& row : rows) {
    const std::string found = why_not_back(row.pod_policy, row.container, row.init);
    EXPECT_NE(found.find(row.says), std::string::npos) << found;
    EXPECT_EQ(found.empty(), row.says.empty()) << row.pod_policy << " " << row.container << ": " << found;
  }
}

}  // namespace
}  // namespace podmedic::k8s
