#include "supervisor/manifest/validate.hpp"

#include "test/support/files.hpp"

#include <gmock/gmock.h>

#include <filesystem>

namespace podmedic::manifest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// A Pod without fault: each test spoils one thing.
const std::string sound = R"(apiVersion: v1
kind: Pod
metadata:
  name: pod
  annotations:
    podmedic.io/mode: Enforce
    probe.podmedic.io/engine: |
      grpc: {port: 8001}
      container: engine
    probe.podmedic.io/shipper: |
      logTail: {path: /logs/app.log}
      container: shipper
      onFailure: RestartContainer
spec:
  shareProcessNamespace: true
  automountServiceAccountToken: false
  securityContext: {runAsUser: 1000}
  initContainers:
    - name: podmedic
      image: podmedic@sha256:0
      command: [/podmedic, run]
      restartPolicy: Always
      restartPolicyRules: [{action: RestartAllContainers, exitCodes: {operator: In, values: [88]}}]
      startupProbe: {exec: {command: [/podmedic, check, startup]}, periodSeconds: 1, failureThreshold: 30}
      readinessProbe: {exec: {command: [/podmedic, check, readiness]}, periodSeconds: 1, failureThreshold: 1}
      livenessProbe: {exec: {command: [/podmedic, check, liveness]}, periodSeconds: 10}
      lifecycle: {preStop: {exec: {command: [/podmedic, stand-down]}}}
      resources: {limits: {cpu: 100m, memory: 32Mi}}
      volumeMounts:
        - {name: state, mountPath: /var/lib/podmedic}
        - {name: podinfo, mountPath: /etc/podmedic/podinfo}
        - {name: logs, mountPath: /logs}
  containers:
    - name: engine
      image: engine:1
      env: [{name: PODMEDIC_CONTAINER, value: engine}]
      ports: [{containerPort: 8001}]
      resources: {limits: {cpu: 1, memory: 1Gi}}
    - name: shipper
      image: shipper:1
      env: [{name: PODMEDIC_CONTAINER, value: shipper}]
      resources: {limits: {cpu: 1, memory: 1Gi}}
  volumes:
    - {name: logs, emptyDir: {}}
    - {name: state, emptyDir: {}}
    - {name: podinfo, downwardAPI: {items: [{path: annotations, fieldRef: {fieldPath: metadata.annotations}}]}}
)";

const char* letter(severity is) {
  return is == severity::error ? "E" : is == severity::warning ? "W" : "N";
}

/// "E RestartRule @name: podmedic": severity, check, and the first of what stands at the place.
std::vector<std::string> found_in(const std::string& file) {
  std::vector<std::string> lines;
  for (const finding& each : validate(file).found) {
    std::istringstream text(file);
    std::string line;
    for (int i = 0; i < each.line; ++i) std::getline(text, line);
    const std::string at = line.substr(std::min(line.size(), static_cast<std::size_t>(each.column) - 1), 12);
    lines.push_back(std::string(letter(each.is)) + ' ' + each.check + " @" + at);
  }
  return lines;
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// The one thing that is found where `from` has become `to`.
std::string spoilt(const std::string& from, const std::string& to) {
  const auto found = found_in(with(sound, from, to));
  return found.size() == 1 ? found[0] : testing::PrintToString(found);
}

TEST(validate, finds_nothing_in_a_sound_pod) {
  EXPECT_THAT(found_in(sound), IsEmpty());
  EXPECT_EQ(validate(sound).pods, 1);
}

TEST(validate, looks_at_no_pod_without_podmedic) {
  const verdict none =
      validate("kind: Pod\nmetadata: {annotations: {a: b}}\nspec: {containers: [{name: a, image: b}]}");
  EXPECT_THAT(none.found, IsEmpty());
  EXPECT_EQ(none.pods, 0);
  EXPECT_EQ(none.others, 1);
}

TEST(validate, names_the_place_of_a_mistake_inside_an_annotation) {
  EXPECT_THAT(found_in(with(sound, "{port: 8001}\n", "{prt: 8001}\n")), testing::Contains("E Annotation @prt: 8001}"));
  EXPECT_EQ(spoilt("mode: Enforce", "mode: Enforced"), "E Annotation @Enforced");
  const std::string json =
      R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"annotations": {"probe.podmedic.io/a": "grpc:\n  port: x"}},
    "spec": {"containers": [{"name": "a", "image": "b:1"}]}})";
  EXPECT_THAT(found_in(json), testing::Contains("E Annotation @x\"}},"));
}

TEST(validate, counts_lines_through_all_documents_of_a_file) {
  const verdict all = validate("a: 1\n---\n" + with(sound, "mode: Enforce", "mode: Observed"));
  ASSERT_EQ(all.found.size(), 1U);
  EXPECT_EQ(all.found[0].line, 8);
  EXPECT_EQ(all.found[0].column, 23);
}

TEST(validate, sees_annotations_that_are_no_text_or_stand_on_the_wrong_object) {
  EXPECT_EQ(spoilt("    probe.podmedic.io/engine: |\n", "    probe.podmedic.io/engine:\n"),
            "E AnnotationNotText @grpc: {port:");
  const std::string deployment =
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, annotations: {podmedic.io/mode: Enforce}}\nspec:\n"
      "  template:\n    metadata: {labels: {podmedic.io/inject: \"true\"}}\n    spec: {containers: [{name: a, image: "
      "b:1}]}\n";
  EXPECT_THAT(found_in(deployment), ElementsAre("E AnnotationNotOnPod @podmedic.io/"));
}

TEST(validate, sees_what_the_sidecar_lacks) {
  EXPECT_EQ(spoilt("values: [88]", "values: [89]"), "E RestartRule @[{action: Re");
  EXPECT_EQ(spoilt("values: [88]", "values: [88, 137]"), "E RestartRuleTooWide @137]}}]");
  EXPECT_EQ(spoilt("operator: In, values: [88]", "operator: NotIn, values: [5]"), "E RestartRuleTooWide @{action: Res");
  EXPECT_EQ(spoilt("/podmedic, check, startup", "/bin/true"), "W StartupProbe @{exec: {comm");
  EXPECT_EQ(spoilt("/podmedic, check, readiness", "/bin/true"), "E ReadinessProbe @{exec: {comm");
  EXPECT_EQ(spoilt("check, readiness]}, periodSeconds: 1", "check, readiness]}, periodSeconds: 9"),
            "W ReadinessProbeSlow @{exec: {comm");
  EXPECT_EQ(spoilt("/podmedic, check, liveness", "/bin/true"), "W LivenessProbe @{exec: {comm");
  EXPECT_EQ(spoilt("/podmedic, stand-down", "/bin/true"), "E PreStop @{exec: {comm");
  EXPECT_EQ(spoilt("{name: state, emptyDir: {}}", "{name: state, hostPath: {path: /a}}"),
            "E StateVolume @{name: state");
  EXPECT_EQ(spoilt("mountPath: /var/lib/podmedic", "mountPath: /var/lib/other"), "E StateVolume @name: podmed");
  EXPECT_EQ(spoilt("{path: annotations,", "{path: labels,"), "E PodinfoVolume @{name: podin");
}

TEST(validate, knows_by_which_code_a_sidecar_ends) {
  const std::string other = with(sound, "values: [88]", "values: [90]");
  EXPECT_THAT(found_in(with(other, "run]", "run, --restart-exit-code=90]")), IsEmpty());
  EXPECT_THAT(found_in(with(other, "run]", "run]\n      env: [{name: PODMEDIC_RESTART_EXIT_CODE, value: \"90\"}]")),
              IsEmpty());
}

TEST(validate, lets_the_policy_restart_by_other_means_than_the_rule) {
  const std::string without =
      with(sound,
           "      restartPolicyRules: [{action: RestartAllContainers, exitCodes: {operator: In, values: [88]}}]\n", "");
  EXPECT_THAT(found_in(without), ElementsAre("E RestartRule @name: podmed"));
  EXPECT_THAT(found_in(with(without, "podmedic.io/mode: Enforce",
                            "podmedic.io/policy: '{fallback: SignalAll}'\n    podmedic.io/mode: Enforce")),
              IsEmpty());
  EXPECT_THAT(found_in(with(without, "mode: Enforce", "mode: Observe")), ElementsAre("W RestartRule @name: podmed"));
}

TEST(validate, measures_the_startup_probe_against_the_startup_barrier) {
  const std::string hook = "    hook.podmedic.io/wait: '{waitFor: {file: /logs/a}, phase: Startup}'\nspec:";
  EXPECT_THAT(found_in(with(sound, "spec:", hook)), IsEmpty());
  EXPECT_THAT(found_in(with(with(sound, "spec:", hook), "failureThreshold: 30", "failureThreshold: 21")),
              ElementsAre("E StartupProbeShort @{exec: {comm"));
  EXPECT_THAT(found_in(with(with(sound, "spec:", hook), "/podmedic, check, startup", "/bin/true")),
              ElementsAre("E StartupProbe @{exec: {comm"));
}

TEST(validate, wants_podmedic_first_but_after_proxies_of_a_mesh) {
  const auto before = [](const std::string& container) {
    return with(sound, "  initContainers:\n", "  initContainers:\n    - " + container + "\n");
  };
  const std::string sidecar =
      "image: a:1, restartPolicy: Always, env: [{name: PODMEDIC_CONTAINER, value: istio-proxy}], resources: {limits: "
      "{cpu: 1, memory: 1Gi}}}";
  EXPECT_THAT(found_in(before("{name: istio-proxy, " + sidecar)), IsEmpty());
  EXPECT_THAT(found_in(before("{name: istio-prox, " + sidecar)),
              ElementsAre("W NotFirst @{name: istio", "E ContainerName @{name: PODME"));
  std::string misplaced = with(sound, "  initContainers:\n", "  containers:\n");
  misplaced = with(misplaced, "        - {name: logs, mountPath: /logs}\n  containers:\n",
                   "        - {name: logs, mountPath: /logs}\n");
  EXPECT_THAT(found_in(misplaced), ElementsAre("E NotASidecar @name: podmed"));
}

TEST(validate, asks_for_what_kinds_and_actions_need) {
  EXPECT_THAT(found_in(with(sound, "shareProcessNamespace: true", "hostNetwork: false")),
              ElementsAre("E ShareProcessNamespace @|", "E ShareProcessNamespace @|", "E ShareProcessNamespace @|"));
  EXPECT_THAT(found_in(with(sound, "image: shipper:1", "image: shipper:1\n      securityContext: {runAsUser: 7}")),
              ElementsAre("E Uid @|", "E Uid @|"));
  EXPECT_THAT(found_in(with(sound, "securityContext: {runAsUser: 1000}", "securityContext: {}")),
              ElementsAre("W UidUnknown @name: shippe", "W UidUnknown @name: shippe"));
  EXPECT_EQ(spoilt("path: /logs/", "path: /log/"), "E NotMounted @|");
  EXPECT_THAT(found_in(with(sound, "path: /logs/app.log}", "path: /log/app.log}\n      root: Container")), IsEmpty());
}

TEST(validate, knows_the_containers) {
  EXPECT_EQ(spoilt("container: engine", "container: engin"), "E ContainerUnknown @|");
  EXPECT_THAT(validate(with(sound, "container: engine", "container: engin")).found[0].fix,
              HasSubstr("did you mean engine?"));
  EXPECT_EQ(spoilt("container: engine", "periodSeconds: 5"), "E ContainerNotNamed @|");
  EXPECT_EQ(spoilt("value: engine", "value: shipper"), "E ContainerName @{name: PODME");
  EXPECT_EQ(spoilt("      env: [{name: PODMEDIC_CONTAINER, value: engine}]\n", ""), "W ContainerName @name: engine");
  EXPECT_EQ(spoilt("spec:\n", "    hook.podmedic.io/a: '{signal: {container: engin}}'\nspec:\n"),
            "E ContainerUnknown @'{signal: {c");
  EXPECT_THAT(
      found_in(with(sound, "shareProcessNamespace: true", "shareProcessNamespace: true\n  restartPolicy: Never")),
      ElementsAre("W CompletedContainersAgain @Never", "E RestartPolicy @name: shippe"));
}

TEST(validate, warns_of_what_turns_a_restart_into_an_outage) {
  EXPECT_EQ(spoilt("image: engine:1", "image: engine"), "W ImagePullPolicy @name: engine");
  EXPECT_EQ(spoilt("image: engine:1", "image: engine:1\n      imagePullPolicy: Always"),
            "W ImagePullPolicy @name: engine");
  EXPECT_EQ(spoilt("podmedic@sha256:0", "podmedic:1"), "N ImageDigest @name: podmed");
  EXPECT_EQ(spoilt("  containers:\n",
                   "    - {name: load, image: a:1, resources: {limits: {cpu: 1, memory: 1}}}\n  containers:\n"),
            "N InitContainerAgain @{name: load,");
  EXPECT_EQ(spoilt("containerPort: 8001", "containerPort: 9484"), "E PortTaken @{containerPo");
  EXPECT_EQ(spoilt("{cpu: 100m, memory: 32Mi}", "{memory: 32Mi}"), "W QualityOfService @name: podmed");
  EXPECT_EQ(spoilt("automountServiceAccountToken: false", "terminationGracePeriodSeconds: 60"), "W ShutdownGrace @60");
  EXPECT_THAT(found_in(with(sound, "automountServiceAccountToken: false", "hostPID: true")),
              ElementsAre("E HostPid @|", "E HostPid @true"));
  EXPECT_EQ(spoilt("shareProcessNamespace: true", "shareProcessNamespace: true\n  os:\n    name: windows"),
            "E Windows @name: window");
  EXPECT_EQ(spoilt("shareProcessNamespace: true",
                   "shareProcessNamespace: true\n  readinessGates: [{conditionType: podmedic.io/InService}]"),
            "E ReadinessGate @[{conditionT");
  EXPECT_EQ(spoilt("podmedic.io/mode: Enforce",
                   "podmedic.io/mode: Enforce\n    podmedic.io/policy: '{fleet: {minAvailable: 1}}'"),
            "E Fleet @'{fleet: {mi");
  EXPECT_EQ(
      spoilt("podmedic.io/mode: Enforce", "podmedic.io/mode: Enforce\n    podmedic.io/policy: '{escalation: Evict}'"),
      "E Eviction @'{escalation");
}

TEST(validate, asks_nothing_of_a_pod_that_injection_brings) {
  const std::string pod =
      "apiVersion: v1\nkind: Pod\nmetadata:\n  labels: {podmedic.io/inject: \"true\"}\n  annotations:\n"
      "    probe.podmedic.io/a: '{grpc: {port: 1}, container: a}'\n"
      "spec: {containers: [{name: a, image: a:1}, {name: b, image: b:1}]}\n";
  EXPECT_THAT(found_in(pod), IsEmpty());
  EXPECT_THAT(found_in(with(pod, "labels: {podmedic.io/inject: \"true\"}", "name: p")),
              ElementsAre("E NoSidecar @apiVersion: "));
}

TEST(validate, says_where_a_file_is_no_yaml) {
  EXPECT_THAT(found_in("kind: Pod\nspec: {containers: *all}\n"), ElementsAre("E Yaml @*all}"));
}

TEST(examples, are_sound) {
  int seen = 0;
  for (const auto& each : std::filesystem::recursive_directory_iterator(test::source_directory() + "/examples")) {
    if (each.path().extension() != ".yaml" || each.path().filename() == "scenario.yaml") continue;
    const std::string path = std::filesystem::relative(each.path(), test::source_directory());
    if (validate(test::text_of(path)).pods > 0) {
      EXPECT_THAT(test::text_of(path), StartsWith("# yaml-language-server: $schema=../../docs/schema/manifest.json\n"));
      EXPECT_TRUE(std::filesystem::exists(each.path().parent_path() / "README.md")) << path;
    }
    for (const finding& found : validate(test::text_of(path)).found) {
      EXPECT_EQ(found.is, severity::note) << path << ':' << found.line << ": " << found.message;
    }
    seen += validate(test::text_of(path)).pods;
  }
  EXPECT_GE(seen, 3);
}

}  // namespace
}  // namespace podmedic::manifest
