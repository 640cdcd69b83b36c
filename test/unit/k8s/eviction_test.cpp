#include "k8s/eviction.hpp"

#include "k8s/json.hpp"

#include <gtest/gtest.h>

namespace podmedic::k8s {
namespace {

TEST(eviction, names_the_pod_by_its_uid_too_so_that_no_other_of_its_name_is_meant) {
  const json made = json::parse(eviction_json("fleet", "engine-0", "ed56b395-fc07-4dc7-ade3-a66197beeff2"));
  EXPECT_EQ(made["apiVersion"], "policy/v1");
  EXPECT_EQ(made["kind"], "Eviction");
  EXPECT_EQ(made["metadata"], (json{{"namespace", "fleet"}, {"name", "engine-0"}}));
  EXPECT_EQ(made["deleteOptions"], (json{{"preconditions", {{"uid", "ed56b395-fc07-4dc7-ade3-a66197beeff2"}}}}));
}

}  // namespace
}  // namespace podmedic::k8s
