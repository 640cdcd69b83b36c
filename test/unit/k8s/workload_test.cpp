#include "k8s/workload.hpp"

#include <gtest/gtest.h>

namespace podmedic::k8s {
namespace {

struct owner_case {
  controller by;
  std::map<std::string, std::string> labels;
  std::string lease;
  std::string revision;
};

TEST(a_workload, is_found_by_the_pods_controller_and_its_labels) {
  const owner_case cases[] = {
      {{"ReplicaSet", "engine-7d9"}, {{"pod-template-hash", "7d9"}}, "podmedic-deployment-engine-0", "7d9"},
      {{"ReplicaSet", "engine-7d9"}, {}, "podmedic-replicaset-engine-7d9-0", ""},
      {{"ReplicaSet", "7d9"}, {{"pod-template-hash", "7d9"}}, "podmedic-replicaset-7d9-0", "7d9"},
      {{"ReplicaSet", "engine-7d9"}, {{"rollouts-pod-template-hash", "7d9"}}, "podmedic-rollout-engine-0", "7d9"},
      {{"StatefulSet", "store"},
       {{"controller-revision-hash", "store-5f"}},
       "podmedic-statefulset-store-0",
       "store-5f"},
      {{"Job", "train-workers-0"}, {{"jobset.sigs.k8s.io/jobset-name", "train"}}, "podmedic-jobset-train-0", ""},
      {{"Job", "once"}, {}, "podmedic-job-once-0", ""},
  };
  for (const owner_case& c : cases) {
    pod_facts pod;
    pod.kept_by = c.by;
    pod.labels = c.labels;
    const auto found = workload_of(pod, "");
    ASSERT_TRUE(found) << c.lease;
    EXPECT_EQ(found->lease_name(0), c.lease);
    EXPECT_EQ(found->revision, c.revision) << c.lease;
    EXPECT_EQ(workload_of(pod, "mine")->lease_name(12), "podmedic-mine-12");
  }
  EXPECT_FALSE(workload_of({}, ""));
}

TEST(a_workload, has_leases_whose_names_the_api_takes) {
  EXPECT_EQ((workload{"JobSet", "My_Set", ""}.lease_name(1)), "podmedic-jobset-my-set-1");
  EXPECT_EQ((workload{"Deployment", std::string(300, 'a'), ""}.lease_name(63)).size(), 253U);
}

struct rollout_case {
  std::string name;
  std::string text;
  bool under_way;
};

TEST(a_rollout, is_the_replacement_of_pods_and_not_their_absence) {
  const std::string deployment = R"({"kind": "Deployment", "metadata": {"generation": 4}, "spec": {"replicas": 3)";
  const std::string stateful = R"({"kind": "StatefulSet", "metadata": {"generation": 4}, "spec": {"replicas": 3)";
  const rollout_case cases[] = {
      {"steady", deployment + R"(}, "status": {"observedGeneration": 4, "replicas": 3, "updatedReplicas": 3}})", false},
      {"none available",
       deployment +
           R"(}, "status": {"observedGeneration": 4, "replicas": 3, "updatedReplicas": 3, "unavailableReplicas": 3}})",
       false},
      {"not seen yet", deployment + R"(}, "status": {"observedGeneration": 3, "replicas": 3, "updatedReplicas": 3}})",
       true},
      {"some are old", deployment + R"(}, "status": {"observedGeneration": 4, "replicas": 4, "updatedReplicas": 3}})",
       true},
      {"some are missing",
       deployment + R"(}, "status": {"observedGeneration": 4, "replicas": 3, "updatedReplicas": 1}})", true},
      {"paused",
       deployment + R"(, "paused": true}, "status": {"observedGeneration": 4, "replicas": 4, "updatedReplicas": 3}})",
       false},
      {"a StatefulSet's, steady, one Pod gone",
       stateful +
           R"(}, "status": {"observedGeneration": 4, "updatedReplicas": 2, "currentRevision": "a", "updateRevision": "a"}})",
       false},
      {"a StatefulSet's",
       stateful +
           R"(}, "status": {"observedGeneration": 4, "updatedReplicas": 1, "currentRevision": "a", "updateRevision": "b"}})",
       true},
      {"a StatefulSet's up to its partition",
       stateful + R"(, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}},
          "status": {"observedGeneration": 4, "updatedReplicas": 1, "currentRevision": "a", "updateRevision": "b"}})",
       false},
      {"a StatefulSet's that people do", stateful + R"(, "updateStrategy": {"type": "OnDelete"}},
          "status": {"observedGeneration": 4, "updatedReplicas": 1, "currentRevision": "a", "updateRevision": "b"}})",
       false},
      {"a DaemonSet's",
       R"({"kind": "DaemonSet", "metadata": {"generation": 1}, "spec": {},
          "status": {"observedGeneration": 1, "desiredNumberScheduled": 3, "updatedNumberScheduled": 2}})",
       true},
      {"a ReplicaSet's", R"({"kind": "ReplicaSet", "spec": {"replicas": 3}, "status": {"replicas": 1}})", false},
  };
  for (const rollout_case& c : cases) {
    const auto read = parse_rollout(c.text);
    const auto* found = std::get_if<rollout>(&read);
    ASSERT_NE(found, nullptr) << c.name;
    EXPECT_EQ(found->under_way, c.under_way) << c.name;
    EXPECT_EQ(found->replicas, 3) << c.name;
  }
  EXPECT_TRUE(std::holds_alternative<std::string>(parse_rollout(R"({"kind": "Pod"})")));
  EXPECT_TRUE(std::holds_alternative<std::string>(parse_rollout("")));
}

}  // namespace
}  // namespace podmedic::k8s
