#include "k8s/lease.hpp"

#include "k8s/json.hpp"

#include <gtest/gtest.h>

namespace podmedic::k8s {
namespace {

using std::chrono::seconds;

constexpr wall_time now{seconds(1'795'000'000) + milliseconds(250)};

/// As kube-apiserver prints one.
constexpr std::string_view held = R"({
  "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
  "metadata": {"name": "podmedic-deployment-engine-0", "namespace": "fleet", "resourceVersion": "4711",
               "annotations": {"podmedic.io/unrecovered": "{\"engine\":{}}", "somebody/else": "x"}},
  "spec": {"holderIdentity": "engine-7d9-a_f3a0", "leaseDurationSeconds": 1200, "leaseTransitions": 3,
           "acquireTime": "2026-11-25T20:00:00.000000Z", "renewTime": "2026-11-25T20:01:00.000000Z"}})";

TEST(a_lease, is_read_as_the_api_prints_it) {
  const auto read = parse_lease(held);
  const auto* found = std::get_if<lease_object>(&read);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->holder, "engine-7d9-a_f3a0");
  EXPECT_EQ(found->duration, seconds(1200));
  EXPECT_EQ(found->transitions, 3);
  EXPECT_EQ(found->unrecovered, "{\"engine\":{}}");
  EXPECT_EQ(found->version, "4711");
}

TEST(a_lease, that_makes_no_sense_does_no_harm) {
  for (const char* text : {"", "null", "[]", R"({"kind": "Pod"})", R"({"kind": "Lease"})"}) {
    EXPECT_TRUE(std::holds_alternative<std::string>(parse_lease(text))) << text;
  }
  const auto read = parse_lease(
      R"({"kind": "Lease", "metadata": {"resourceVersion": "1", "annotations": []},
          "spec": {"holderIdentity": 7, "leaseDurationSeconds": -5, "leaseTransitions": 1e300}})");
  const auto* found = std::get_if<lease_object>(&read);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->holder, "");
  EXPECT_EQ(found->duration, seconds(0));
  EXPECT_EQ(found->transitions, 0);
}

TEST(a_lease, is_created_whole_and_changed_only_where_it_is_ours_and_of_the_version_seen) {
  lease_object wanted{.holder = "a_1", .duration = milliseconds(1'199'001), .transitions = 4};
  const json created = json::parse(lease_json("podmedic-engine-0", "fleet", wanted, true, now));
  EXPECT_EQ(created["kind"], "Lease");
  EXPECT_EQ(created["metadata"]["name"], "podmedic-engine-0");
  EXPECT_EQ(created["metadata"]["namespace"], "fleet");
  EXPECT_FALSE(created["metadata"].contains("resourceVersion"));
  EXPECT_FALSE(created["metadata"].contains("annotations"));
  EXPECT_EQ(created["spec"]["holderIdentity"], "a_1");
  EXPECT_EQ(created["spec"]["leaseDurationSeconds"], 1200);
  EXPECT_EQ(created["spec"]["leaseTransitions"], 4);
  EXPECT_EQ(created["spec"]["renewTime"], "2026-11-18T11:06:40.250000Z");
  EXPECT_EQ(created["spec"]["acquireTime"], created["spec"]["renewTime"]);

  wanted.version = "4711";
  wanted.holder.clear();
  const json patch = json::parse(lease_json("podmedic-engine-0", "fleet", wanted, false, now));
  EXPECT_EQ(patch["metadata"]["resourceVersion"], "4711");
  EXPECT_TRUE(patch["metadata"]["annotations"]["podmedic.io/unrecovered"].is_null()) << "a merge patch removes by null";
  EXPECT_EQ(patch["spec"]["holderIdentity"], "");
  EXPECT_FALSE(patch["spec"].contains("acquireTime"));
  EXPECT_FALSE(patch.contains("kind"));
}

}  // namespace
}  // namespace podmedic::k8s
