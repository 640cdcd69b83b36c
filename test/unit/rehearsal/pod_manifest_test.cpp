#include "supervisor/rehearsal/pod_manifest.hpp"

#include "test/support/directories.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace podmedic::rehearsal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

pod_manifest read(std::string_view text) {
  mistakes found;
  pod_manifest pod = read_pod("pod.yaml", text, found);
  for (const mistake& each : found) ADD_FAILURE() << each.to_text();
  return pod;
}

std::vector<std::string> mistakes_of(std::string_view text) {
  mistakes found;
  read_pod("pod.yaml", text, found);
  std::vector<std::string> lines;
  for (const mistake& each : found) lines.push_back(each.to_text());
  return lines;
}

TEST(pod_manifest, the_example_is_understood) {
  std::ifstream file(test::source_directory() + "/examples/wedged-grpc/pod.yaml");
  std::ostringstream text;
  text << file.rdbuf();
  const pod_manifest pod = read(text.str());
  ASSERT_EQ(pod.containers.size(), 4u);
  const container_manifest& podmedic = pod.containers[0];
  EXPECT_EQ(podmedic.as, role::sidecar);
  EXPECT_THAT(podmedic.command, ElementsAre("/podmedic", "run"));
  ASSERT_EQ(podmedic.rules.size(), 1u);
  EXPECT_EQ(podmedic.rules[0].then, restart_rule::action::restart_all_containers);
  EXPECT_TRUE(podmedic.rules[0].matches(88));
  EXPECT_FALSE(podmedic.rules[0].matches(1));
  ASSERT_TRUE(podmedic.startup && podmedic.readiness && podmedic.liveness);
  EXPECT_EQ(podmedic.readiness->failure_threshold, 1);
  EXPECT_THAT(podmedic.pre_stop, ElementsAre("/podmedic", "stand-down"));
  EXPECT_EQ(pod.containers[1].as, role::init);
  const container_manifest& engine = pod.containers[2];
  EXPECT_EQ(engine.as, role::regular);
  EXPECT_EQ(engine.readiness->port, 8001);
  EXPECT_EQ(engine.readiness->timeout, 1s);
  EXPECT_EQ(pod.grace, 10s);
  EXPECT_TRUE(pod.annotations.contains("probe.podmedic.io/engine"));
  EXPECT_THAT(pod.remarks, IsEmpty());
}

TEST(pod_manifest, a_deployment_s_pod_template_is_read) {
  const pod_manifest pod = read(R"yaml(
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  template:
    metadata: {annotations: {podmedic.io/mode: Enforce}}
    spec: {containers: [{name: a, command: [sleep, "1"]}]}
)yaml");
  EXPECT_EQ(pod.name, "web");
  EXPECT_THAT(pod.annotations, ElementsAre(Pair("podmedic.io/mode", "Enforce")));
  ASSERT_EQ(pod.containers.size(), 1u);
}

TEST(pod_manifest, variables_are_expanded_in_command_args_and_later_variables) {
  const pod_manifest pod = read(R"yaml(
kind: Pod
metadata: {name: web}
spec:
  containers:
    - name: a
      command: [serve, "$(PORT)", "$$(PORT)", "$(OTHER)"]
      args: ["--at=$(ADDRESS)"]
      env:
        - {name: PORT, value: "80"}
        - {name: ADDRESS, value: "$(IP):$(PORT)"}
        - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: KEY, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}
)yaml");
  const container_manifest& a = pod.containers.at(0);
  // IP comes after ADDRESS, so Kubernetes does not know it there.
  EXPECT_THAT(a.command, ElementsAre("serve", "80", "$(PORT)", "$(OTHER)", "--at=$(IP):80"));
  EXPECT_THAT(a.environment, ElementsAre(Pair("PORT", "80"), Pair("ADDRESS", "$(IP):80"), Pair("IP", "127.0.0.1"),
                                         Pair("POD", "web")));
}

TEST(pod_manifest, restart_policies_are_kubernetes_own) {
  const pod_manifest pod = read(R"yaml(
kind: Pod
spec:
  restartPolicy: OnFailure
  initContainers:
    - {name: once, command: [x]}
    - {name: beside, command: [x], restartPolicy: Always}
  containers:
    - {name: a, command: [x]}
    - {name: b, command: [x], restartPolicy: Never}
)yaml");
  EXPECT_EQ(pod.containers[0].as, role::init);
  EXPECT_EQ(pod.containers[0].restarts, restart_policy::on_failure);
  EXPECT_EQ(pod.containers[1].as, role::sidecar);
  EXPECT_EQ(pod.containers[1].restarts, restart_policy::always);
  EXPECT_EQ(pod.containers[2].restarts, restart_policy::on_failure);
  EXPECT_EQ(pod.containers[3].restarts, restart_policy::never);
}

TEST(pod_manifest, an_init_container_of_a_pod_that_always_restarts_runs_until_it_works_once) {
  const pod_manifest pod =
      read("kind: Pod\nspec: {initContainers: [{name: i, command: [x]}], containers: [{name: a, command: [x]}]}");
  EXPECT_EQ(pod.containers[0].restarts, restart_policy::on_failure);
}

TEST(pod_manifest, other_volumes_are_empty_directories_and_said_to_be) {
  const pod_manifest pod = read(R"yaml(
kind: Pod
spec:
  volumes: [{name: conf, configMap: {name: c}}, {name: data, emptyDir: {}}]
  containers: [{name: a, command: [x], volumeMounts: [{name: conf, mountPath: /conf/}]}]
)yaml");
  EXPECT_THAT(pod.remarks, ElementsAre("volume conf is an empty directory in a rehearsal"));
  EXPECT_EQ(pod.containers[0].mounts[0].path, "/conf");
}

TEST(pod_manifest, what_cannot_be_is_named_with_its_place) {
  struct {
    const char* manifest;
    const char* mistake;
  } const table[] = {
      // no image can be read, so the program must be given
      {"kind: Pod\nspec:\n  containers:\n    - {name: a}",
       "pod.yaml, line 4, column 7, spec.containers[0].command: is required: a rehearsal cannot read an image's "
       "entrypoint"},
      // a slip in the kind
      {"kind: Pood",
       "pod.yaml, line 1, column 7, kind: expected one of Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, found "
       "\"Pood\"; did you mean Pod?"},
      // a Pod needs containers
      {"kind: Pod\nspec:\n  containers: []",
       "pod.yaml, line 3, column 15, spec.containers: is required: at least one container"},
      // a port's name cannot be dialled
      {"kind: Pod\nspec:\n  containers:\n    - name: a\n      command: [x]\n      readinessProbe: {tcpSocket: {port: "
       "http}}",
       "column 42, spec.containers[0].readinessProbe.tcpSocket.port"},
      // a mount of nothing
      {"kind: Pod\nspec:\n  containers:\n    - name: a\n      command: [x]\n      volumeMounts: [{name: d, mountPath: "
       "/d}]",
       "line 6, column 29, spec.containers[0].volumeMounts[0].name: the Pod has no volume of that name"},
      // a rule with no exit code a process can have
      {"kind: Pod\nspec:\n  containers:\n    - name: a\n      command: [x]\n      restartPolicyRules: [{action: "
       "RestartAllContainers, exitCodes: {operator: In, values: [300]}}]",
       "values[0]: expected an exit code, from 0 to 255"},
      // a secret that must be there
      {"kind: Pod\nspec:\n  containers:\n    - name: a\n      command: [x]\n      env: [{name: K, valueFrom: "
       "{secretKeyRef: {name: s, key: k}}}]",
       "secretKeyRef: is not known in a rehearsal; give a value"},
      // two of one name
      {"kind: Pod\nspec:\n  containers: [{name: a, command: [x]}, {name: a, command: [x]}]",
       "spec.containers[1].name: another container has that name"},
      // a probe that asks nothing
      {"kind: Pod\nspec:\n  containers: [{name: a, command: [x], livenessProbe: {periodSeconds: 1}}]",
       "spec.containers[0].livenessProbe: expected exec, grpc, httpGet or tcpSocket"},
  };
  for (const auto& row : table) {
    EXPECT_THAT(mistakes_of(row.manifest), ::testing::Contains(::testing::HasSubstr(row.mistake))) << row.manifest;
  }
}

}  // namespace
}  // namespace podmedic::rehearsal
