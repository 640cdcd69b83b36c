#include "k8s/disruption_budget.hpp"

#include <gtest/gtest.h>

namespace podmedic::k8s {
namespace {

std::string list_of(const std::string& selector) {
  return R"({"kind": "PodDisruptionBudgetList", "items": [{"metadata": {"name": "engine"}, "spec": {"selector": )" +
         selector + R"(}, "status": {"currentHealthy": 3, "desiredHealthy": 2}}]})";
}

bool selects(const std::string& selector) {
  const auto read = parse_disruption_budgets(list_of(selector), {{"app", "engine"}, {"tier", "gpu"}});
  return std::get<std::vector<disruption_budget_status>>(read).size() == 1;
}

TEST(a_disruption_budget, counts_where_its_selector_meets_the_pods_labels) {
  EXPECT_TRUE(selects(R"({"matchLabels": {"app": "engine"}})"));
  EXPECT_TRUE(selects(R"({"matchLabels": {"app": "engine", "tier": "gpu"}})"));
  EXPECT_FALSE(selects(R"({"matchLabels": {"app": "engine", "tier": "cpu"}})"));
  EXPECT_FALSE(selects(R"({"matchLabels": {"zone": "a"}})"));
  EXPECT_TRUE(selects("{}")) << "policy/v1: all Pods of the namespace";
  EXPECT_FALSE(selects("null"));
  EXPECT_TRUE(selects(R"({"matchExpressions": [{"key": "app", "operator": "In", "values": ["x", "engine"]}]})"));
  EXPECT_FALSE(selects(R"({"matchExpressions": [{"key": "app", "operator": "In", "values": ["x"]}]})"));
  EXPECT_FALSE(selects(R"({"matchExpressions": [{"key": "zone", "operator": "In", "values": ["x"]}]})"));
  EXPECT_FALSE(selects(R"({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["engine"]}]})"));
  EXPECT_TRUE(selects(R"({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]})"));
  EXPECT_TRUE(selects(R"({"matchExpressions": [{"key": "app", "operator": "Exists"}]})"));
  EXPECT_FALSE(selects(R"({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]})"));
  EXPECT_TRUE(selects(R"({"matchExpressions": [{"key": "app", "operator": "Later"}]})")) << "in doubt it is heeded";
}

TEST(a_disruption_budget, is_read_with_its_status) {
  const auto read = parse_disruption_budgets(list_of("{}"), {});
  const auto& all = std::get<std::vector<disruption_budget_status>>(read);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].name, "engine");
  EXPECT_EQ(all[0].current_healthy, 3);
  EXPECT_EQ(all[0].desired_healthy, 2);
  EXPECT_TRUE(std::holds_alternative<std::string>(parse_disruption_budgets("{}", {})));
}

}  // namespace
}  // namespace podmedic::k8s
