#include "supervisor/policy/fleet.hpp"

#include <gtest/gtest.h>

namespace podmedic::policy {
namespace {

struct leaving_case {
  const char* name;
  fleet_view seen;
  int min_available = 1;
  std::vector<std::string> about_to_leave = {};
  std::string refused = {};  ///< the reason
};

TEST(a_fleet, lets_a_pod_leave_where_enough_others_serve) {
  const leaving_case cases[] = {
      {"one other of three", {.ready = true, .serving = true, .others_serving = {"b"}, .replicas = 3}},
      {"none of three", {.ready = true, .serving = true, .replicas = 3}, 1, {}, "TooFewServing"},
      {"none of three, and it serves nobody itself", {.ready = true, .serving = false, .replicas = 3}},
      {"the only one there is to be", {.ready = true, .serving = true, .replicas = 1}},
      {"the only one, number not known", {.ready = true, .serving = true}},
      {"all of two are to serve", {.ready = true, .serving = true, .others_serving = {"b"}, .replicas = 2}, 2},
      {"the other of two is down", {.ready = true, .serving = true, .replicas = 2}, 2, {}, "TooFewServing"},
      {"an other one is about to leave",
       {.ready = true, .serving = true, .others_serving = {"b", "c"}, .replicas = 3},
       2,
       {"c", "elsewhere"},
       "TooFewServing"},
      {"no floor", {.ready = true, .serving = true, .replicas = 3}, 0},
      {"endpoints may not be seen", {.ready = true, .serving = true, .endpoints_seen = false, .replicas = 3}},
      {"rolled out while it serves",
       {.ready = true, .serving = true, .others_serving = {"b"}, .rolling_out = true},
       1,
       {},
       "RollingOut"},
      {"rolled out, and it serves nobody", {.others_serving = {"b"}, .rolling_out = true}},
      {"the budget allows one",
       {.ready = true, .serving = true, .others_serving = {"b"}, .budgets = {{"engine", 3, 2}}}},
      {"the budget is spent",
       {.ready = true, .serving = true, .others_serving = {"b"}, .budgets = {{"wide", 3, 1}, {"engine", 2, 2}}},
       1,
       {},
       "DisruptionBudget"},
      {"a spent budget, and the Pod is not Ready", {.others_serving = {"b"}, .budgets = {{"engine", 2, 2}}}},
      {"maxUnavailable 1 of one replica",
       {.ready = true, .serving = true, .replicas = 1, .budgets = {{"engine", 1, 0}}}},
  };
  for (const leaving_case& c : cases) {
    const auto why = why_not_leave(c.seen, {.min_available = c.min_available}, c.about_to_leave);
    EXPECT_EQ(why ? why->reason : "", c.refused) << c.name;
  }
}

TEST(unrecovered_replicas, are_read_as_they_were_written_and_nothing_else_does_harm) {
  const std::map<std::string, unrecovered_replicas> all{{"decode", {"", {"a_1"}}}, {"engine", {"7d9", {"a_1", "b_2"}}}};
  EXPECT_EQ(read_unrecovered(to_json(all)), all);
  EXPECT_EQ(to_json({}), "");
  for (const char* hostile : {"", "[]", "{", "null", R"({"a": 1})", R"({"a": {"pods": 1}})", R"({"a": {"pods": [1]}})",
                              R"({"a": {"revision": [], "pods": {}}})"}) {
    EXPECT_TRUE(read_unrecovered(hostile).empty()) << hostile;
  }
  EXPECT_TRUE(read_unrecovered(std::string(100'000, '[')).empty());
}

TEST(a_holder, is_a_pod_by_its_name_and_uid) {
  EXPECT_EQ(pod_name_of("engine-0_f3a0"), "engine-0");
  EXPECT_EQ(pod_name_of("somebody else"), "somebody else");
}

}  // namespace
}  // namespace podmedic::policy
