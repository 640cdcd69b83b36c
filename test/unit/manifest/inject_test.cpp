#include "supervisor/manifest/inject.hpp"

#include "supervisor/manifest/validate.hpp"
#include "test/support/files.hpp"

#include <gmock/gmock.h>

#include <filesystem>

namespace podmedic::manifest {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const injection plain{.image = "podmedic:1", .rule = true, .service_account = ""};

std::string injected_into(const std::string& file, const injection& what = plain) {
  const injected made = inject(file, what);
  EXPECT_THAT(made.errors, IsEmpty());
  return made.text;
}

std::string canonical(const std::string& file) {
  std::string all;
  for (const document& each : documents_in(file))
    all += each.root ? yaml::canonical(*each.root) + '\n' : "unreadable\n";
  return all;
}

/// A Deployment as people write them: comments, blank lines, a script in a block, lists at both depths.
const std::string deployment = R"(# a licence
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata:
      annotations:
        podmedic.io/mode: Enforce   # a remark
        probe.podmedic.io/engine: |
          grpc: {port: 8001}
          container: engine
    spec:
      # those that matter
      containers:
        # engine comes first
        - name: engine   # the one
          image: engine:1
          args:
            - |
              # a script
              - name: none
        - image: front:1
          name: front
          # what it knows
          env:
          # of the front
          - name: A
            value: b

      # at the end
    # of the template
  replicas: 2
)";

/// The lines that `after` has and `before` has not; nothing else may differ.
std::string added(const std::string& before, const std::string& after) {
  std::istringstream old_lines(before), new_lines(after);
  std::string result, expected, line;
  bool more = static_cast<bool>(std::getline(old_lines, expected));
  while (std::getline(new_lines, line)) {
    if (more && line == expected) {
      more = static_cast<bool>(std::getline(old_lines, expected));
    } else {
      result += line + '\n';
    }
  }
  EXPECT_FALSE(more) << "is missing: " << expected;
  return result;
}

TEST(inject, adds_lines_and_leaves_all_others_as_they_are) {
  EXPECT_EQ(added(deployment, injected_into(deployment)), R"(      shareProcessNamespace: true  # podmedic inject
      initContainers:
        - name: podmedic
          image: podmedic:1
          imagePullPolicy: IfNotPresent
          command: [/podmedic, run]
          restartPolicy: Always
          restartPolicyRules:
            - {action: RestartAllContainers, exitCodes: {operator: In, values: [88]}}
          startupProbe: {exec: {command: [/podmedic, check, startup]}, periodSeconds: 1, failureThreshold: 30}
          readinessProbe: {exec: {command: [/podmedic, check, readiness]}, periodSeconds: 1, failureThreshold: 1}
          livenessProbe: {exec: {command: [/podmedic, check, liveness]}, periodSeconds: 10, timeoutSeconds: 5}
          lifecycle: {preStop: {exec: {command: [/podmedic, stand-down]}}}
          ports:
            - {name: podmedic, containerPort: 9484}
          securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}
          resources: {requests: {cpu: 20m, memory: 64Mi}, limits: {memory: 64Mi}}
          volumeMounts:
            - {name: podmedic-state, mountPath: /var/lib/podmedic}
            - {name: podmedic-podinfo, mountPath: /etc/podmedic/podinfo}
          env:
            - {name: PODMEDIC_CONTAINER, value: engine}
          - name: PODMEDIC_CONTAINER
            value: front
      volumes:
        - {name: podmedic-state, emptyDir: {}}
        - {name: podmedic-podinfo, downwardAPI: {items: [{path: annotations, fieldRef: {fieldPath: metadata.annotations}}]}}
)");
}

const std::string pod_of = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {podmedic.io/mode: Enforce}}\n";
/// In braces, as JSON, without a line break at the end, behind proxies of a mesh, with lists that are there already.
const std::vector<std::string> others{
    pod_of + "spec: {containers: [{name: a, image: b:1}]}\n",
    pod_of + "spec:\n  containers:\n  - name: a\n    image: b:1",
    pod_of + "spec:\n  containers:\n  - {name: \"on\", image: b:1, env: [{name: x, value: y}]}\n  volumes: []\n",
    pod_of +
        "spec:\n  initContainers:\n  # a mesh\n  - name: istio-proxy\n    restartPolicy: Always\n  # ours\n  - name: "
        "own\n"
        "  containers:\n  - name: a\n    image: b:1\n  volumes:\n  - name: x\n    emptyDir: {}\n  # the last\n",
    pod_of +
        "spec:\n    volumes:\n        - name: x\n          configMap:\n            name: |\n              a\n\n"
        "    containers:\n        -   name: a\n            image: b:1\n...\n",
    R"({"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"annotations": {"podmedic.io/mode": "Observe"}},
   "spec": {
     "containers": [ {"name": "a", "image": "b:1"} ],
     "volumes": [] }} ]}
)",
    "apiVersion: batch/v1\nkind: CronJob\nmetadata: {annotations: {a: b}}\nspec:\n  jobTemplate:\n    spec:\n      "
    "template:\n"
    "        spec:\n          containers:\n          - name: a\n            image: b:1\n",
    "a: 1\n---\n# nothing\n---\n" + deployment + "---\n" + deployment,
};

TEST(inject, changes_nothing_the_second_time) {
  for (const std::string& each : others) {
    const std::string once = injected_into(each);
    EXPECT_NE(once, each);
    EXPECT_EQ(injected_into(once), once);
  }
}

TEST(inject, makes_pods_that_validate_finds_sound) {
  for (const std::string& each : others) {
    const verdict found = validate(injected_into(each));
    for (const finding& one : found.found)
      EXPECT_NE(one.is, severity::error) << one.message << '\n' << injected_into(each);
    EXPECT_GE(found.pods, 1) << each;
  }
}

TEST(uninject, brings_the_file_back_byte_for_byte) {
  EXPECT_EQ(uninject(injected_into(deployment)).text, deployment);
  EXPECT_EQ(uninject(injected_into(others[3])).text, others[3]);
  EXPECT_EQ(uninject(injected_into(others[4])).text, others[4]);
  EXPECT_EQ(uninject(injected_into(others[7])).text, others[7]);
  EXPECT_EQ(uninject(deployment).text, deployment);
}

TEST(inject, writes_json_into_json_that_follows_other_documents) {
  const std::string made = injected_into("a: 1\n---\n" + others[5]);
  EXPECT_THAT(made, HasSubstr("{\"shareProcessNamespace\": true, \"initContainers\": [{\"name\": \"podmedic\""));
}

TEST(inject, stands_first_but_after_proxies_of_a_mesh) {
  const std::string made = injected_into(others[3]);
  EXPECT_LT(made.find("name: istio-proxy"), made.find("name: podmedic\n"));
  EXPECT_LT(made.find("name: podmedic\n"), made.find("  # ours\n  - name: own"));
}

TEST(inject, runs_as_the_user_of_the_container_that_it_looks_into) {
  const auto pod = [](const std::string& of_pod, const std::string& of_a, const std::string& of_b) {
    return "kind: Pod\napiVersion: v1\nmetadata: {annotations: {probe.podmedic.io/b: '{memory: {maxUsage: 90%}, "
           "container: b}'}}\n"
           "spec:\n  securityContext: {" +
           of_pod + "}\n  containers:\n  - {name: a, image: a:1, securityContext: {" + of_a +
           "}}\n  - {name: b, image: b:1, securityContext: {" + of_b + "}}\n";
  };
  EXPECT_THAT(injected_into(pod("", "", "runAsUser: 7")),
              HasSubstr("securityContext: {runAsUser: 7, runAsNonRoot: true"));
  EXPECT_THAT(injected_into(pod("", "runAsUser: 5", "runAsUser: 7")), HasSubstr("{runAsUser: 7, runAsNonRoot"));
  EXPECT_THAT(injected_into(pod("runAsUser: 9", "", "")), HasSubstr("securityContext: {runAsNonRoot: true"));
  // With the Pod's uid 0 it would not be started.
  EXPECT_THAT(injected_into(pod("runAsUser: 0", "", "")), HasSubstr("{runAsUser: 65532, runAsNonRoot: true"));
  EXPECT_THAT(inject(pod("", "runAsUser: 5", "runAsUser: 7"), plain).remarks,
              ElementsAre(HasSubstr("cannot look into container a")));
}

TEST(inject, keeps_a_pod_guaranteed_and_limits_its_own_cpu_in_no_other) {
  const auto pod = [](const std::string& of_b) {
    return pod_of + "spec: {containers: [{name: a, image: a:1, resources: {limits: {cpu: 1, memory: 1Gi}}}, " +
           "{name: b, image: b:1, resources: {" + of_b + "}}]}\n";
  };
  EXPECT_THAT(injected_into(pod("limits: {cpu: 2, memory: 2Gi}, requests: {cpu: 2}")), HasSubstr("limits: {cpu: 250m"));
  EXPECT_THAT(injected_into(pod("limits: {cpu: 2, memory: 2Gi}, requests: {cpu: 1}")),
              HasSubstr("limits: {memory: 64Mi}"));
  EXPECT_THAT(injected_into(pod("")), HasSubstr("limits: {memory: 64Mi}"));
}

TEST(inject, fits_the_startup_probe_to_the_startup_barrier) {
  const std::string with_barrier =
      "kind: Pod\napiVersion: v1\nmetadata: {annotations: {podmedic.io/policy: '{startupBarrier: {maxSeconds: 60}}'}}\n"
      "spec: {containers: [{name: a, image: b:1}]}";
  EXPECT_THAT(injected_into(with_barrier), HasSubstr("failureThreshold: 62"));
}

TEST(inject, gives_a_token_to_podmedic_alone) {
  const std::string made = injected_into(deployment, {.image = "podmedic:1", .rule = true, .service_account = "medic"});
  EXPECT_THAT(made, HasSubstr("automountServiceAccountToken: false  # podmedic inject\n"));
  EXPECT_THAT(made, HasSubstr("serviceAccountName: medic  # podmedic inject\n"));
  EXPECT_EQ(made.find("podmedic-token, mountPath"), made.rfind("podmedic-token, mountPath"));
  EXPECT_EQ(uninject(made).text, deployment);
  // Another ServiceAccount is there for a reason: its token stays where it is.
  const std::string own = pod_of + "spec:\n  serviceAccountName: app\n  containers:\n  - {name: a, image: b:1}\n";
  const injected kept = inject(own, {.image = "podmedic:1", .rule = true, .service_account = "medic"});
  EXPECT_EQ(kept.text.find("automount"), std::string::npos);
  EXPECT_THAT(kept.remarks, Contains(HasSubstr("has the ServiceAccount app")));
}

TEST(inject, leaves_out_the_rule_for_clusters_that_would_refuse_it) {
  const injected made = inject(deployment, {.image = "podmedic:1", .rule = false, .service_account = ""});
  EXPECT_EQ(made.text.find("restartPolicyRules"), std::string::npos);
  EXPECT_THAT(made.remarks, ElementsAre(HasSubstr("needs fallback: SignalAll")));
}

TEST(inject, leaves_out_what_the_api_server_would_refuse) {
  const injected host = inject(pod_of + "spec: {hostPID: true, containers: [{name: a, image: b:1}]}\n", plain);
  EXPECT_EQ(host.text.find("shareProcessNamespace"), std::string::npos);
  EXPECT_THAT(host.remarks, Contains(HasSubstr("restarts nothing")));
  // The resources of the whole Pod must hold those of its containers.
  const std::string whole = injected_into(
      pod_of + "spec: {resources: {limits: {cpu: 1, memory: 1Gi}}, containers: [{name: a, image: b:1}]}\n");
  EXPECT_EQ(whole.find("64Mi"), std::string::npos);
}

TEST(inject, passes_over_pods_that_do_not_want_it) {
  const std::string no =
      "kind: Pod\napiVersion: v1\nmetadata: {labels: {podmedic.io/inject: \"false\"}}\nspec: {containers: [{name: "
      "a}]}\n";
  EXPECT_EQ(injected_into(no), no);
  const std::string windows = pod_of + "spec: {os: {name: windows}, containers: [{name: a}]}\n";
  EXPECT_THAT(inject(windows, plain).errors, ElementsAre(HasSubstr("Linux alone")));
}

TEST(inject, prints_nothing_of_a_file_that_it_cannot_read_whole) {
  const injected made = inject(deployment + "---\na: &b 1\n", plain);
  EXPECT_EQ(made.text, "");
  EXPECT_THAT(made.errors, ElementsAre(HasSubstr("anchors")));
}

TEST(inject, makes_the_examples_what_they_are) {
  int seen = 0;
  for (const auto& each : std::filesystem::recursive_directory_iterator(test::source_directory() + "/examples")) {
    if (each.path().extension() != ".yaml") continue;
    const std::string text = test::text_of(std::filesystem::relative(each.path(), test::source_directory()));
    const injected bare = uninject(text);
    if (bare.pods == 0) continue;
    ++seen;
    ASSERT_NE(bare.text, text) << each.path();
    const std::string account = text.find("serviceAccountName: podmedic") != std::string::npos ? "podmedic" : "";
    EXPECT_EQ(canonical(injected_into(bare.text, {.image = "podmedic:dev", .rule = true, .service_account = account})),
              canonical(text))
        << each.path();
  }
  EXPECT_GE(seen, 3);
}

}  // namespace
}  // namespace podmedic::manifest
