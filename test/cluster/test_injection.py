"""What deploy/injection does in a cluster: podmedic in Pods by their label, the same as `podmedic inject` puts into them."""

from __future__ import annotations

import copy
import http.client
import json
import re
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import example
import pytest
import yaml
from cluster import Cluster
from conftest import new_namespace
from example import ROOT, Images
from kube import ApiError, Kube, Object, wait_for
from medic import Medic
from test_inject import bare_pod, podmedic

OPT_IN = {"podmedic.io/inject": "true"}
DIRECTORY = ROOT / "deploy" / "injection"


def policies() -> list[Object]:
    """All objects of deploy/injection."""
    files = yaml.safe_load((DIRECTORY / "kustomization.yaml").read_text())["resources"]
    return [each for file in files for each in yaml.safe_load_all((DIRECTORY / file).read_text())]


def allow(kube: Kube, **said: str | None) -> None:
    """What an administrator says of a namespace: allow(kube, image="podmedic:1")."""
    annotations = {f"podmedic.io/{name.replace('_', '-')}": value for name, value in said.items()}
    labels = {"podmedic.io/injection": "enabled"}
    kube.patch("namespace", kube.namespace, {"metadata": {"labels": labels, "annotations": annotations}})


def admitted(kube: Kube, pod: Object) -> Object:
    """The Pod as the API server would create it."""
    return kube.request("POST", f"{kube.path('pod')}?dryRun=All", pod)


def image_in(pod: Object) -> str | None:
    """Of podmedic's container."""
    found = [each["image"] for each in pod["spec"].get("initContainers", []) if each["name"] == "podmedic"]
    return found[0] if found else None


def wait_for_image(kube: Kube, image: str | None, pod: Object | None = None) -> None:
    """A change of a policy or of the namespace reaches the API server's admission a moment later."""
    pod = pod or labelled({"containers": [{"name": "any", "image": "any"}]})
    wait_for(lambda: image_in(admitted(kube, pod)), lambda found: found == image, f"Pods with podmedic's image {image}")


def labelled(spec: Object, **annotations: str) -> Object:
    values = {name.replace("__", "/").replace("_", "."): value for name, value in annotations.items()}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shape", "labels": OPT_IN, "annotations": values}, "spec": spec}


@pytest.fixture(scope="module")
def injection(cluster: Cluster) -> Iterator[Kube]:
    """deploy/injection as it stands there, and a namespace that is allowed, where podmedic has an account."""
    for each in policies():
        cluster.kube.apply(each)
    try:
        with new_namespace(cluster, "injection") as kube:
            allow(kube, image="podmedic:1", service_account="podmedic")
            kube.apply((ROOT / "deploy" / "rbac.yaml").read_text())
            wait_for_image(kube, "podmedic:1")
            yield kube
    finally:
        for each in reversed(policies()):
            cluster.kube.delete(each["kind"], each["metadata"]["name"])


def test_a_labelled_deployment_is_healed_and_others_are_left_alone(
    cluster: Cluster, injection: Kube, kube: Kube, images: Images
) -> None:
    allow(injection, image=images.podmedic, limits="budget: {restarts: 2}")
    wait_for_image(injection, images.podmedic)
    pod = bare_pod(images, "any")
    injection.apply(deployment(pod, "labelled", OPT_IN))
    injection.apply(deployment(pod, "unlabelled", {}))
    kube.apply(deployment(pod, "not-allowed", OPT_IN))
    assert image_in(pod_of(injection, "unlabelled")) is None
    assert image_in(pod_of(kube, "not-allowed")) is None

    medic = Medic(cluster, injection, pod_of(injection, "labelled")["metadata"]["name"])
    made = injection.wait_ready(medic.pod)
    assert made["status"]["qosClass"] == "Guaranteed"
    assert made["spec"]["serviceAccountName"] == "podmedic"
    medic.wait_until_well()
    assert re.search(r"budget\.restarts +2 +administrator's limit", medic.command("explain"))
    medic.fault("stop")
    medic.wait_for_reason("Recovered")
    assert medic.reasons().count("RestartingAllContainers") == 1
    injection.wait_for_events(medic.pod, "RestartingAllContainers")  # by the account's token
    assert containers_with_token(injection, medic.pod) == ["podmedic"]
    # Nor does a process of the same user, which another container has, find it behind podmedic's.
    user = example.container(made, "podmedic")["securityContext"].get("runAsUser", 65532)
    own = injection.host_pids(medic.pod, "podmedic")[0]  # besides the kubelet's probes
    token = Path(f"/proc/{own}/root/var/run/secrets/podmedic/token")
    assert token.read_text().count(".") == 2, "root reads it"
    assert may_read(f"/proc/{injection.host_pids(medic.pod, 'engine')[0]}/root/model-server", user), "podmedic looks into others"
    assert not may_read(str(token), user)

    # A new image of the namespace: new Pods have it, old ones run on.
    allow(injection, image="podmedic:2", limits=None)
    wait_for_image(injection, "podmedic:2")
    assert image_in(injection.get("pod", medic.pod)) == images.podmedic
    # Without the policy new Pods are as they were written.
    injection.delete("mutatingadmissionpolicy", "podmedic-sidecar")
    wait_for_image(injection, None)
    assert medic.status()["phase"] == "Watching"
    for each in policies():
        injection.apply(each)
    wait_for_image(injection, "podmedic:2")


def deployment(pod: Object, name: str, labels: dict[str, str]) -> Object:
    labels = {**labels, "app": name}
    spec = {key: value for key, value in pod["spec"].items() if key != "automountServiceAccountToken"}
    template = {"metadata": {"labels": labels, "annotations": pod["metadata"]["annotations"]}, "spec": spec}
    body = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return copy.deepcopy({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": body})


def pod_of(kube: Kube, app: str) -> Object:
    return wait_for(lambda: kube.items("pod", f"app={app}"), bool, f"the Pod of {app}")[0]


def may_read(path: str, user: int) -> bool:
    """Whether a process of that user, without capabilities, may."""
    done = subprocess.run(["head", "-c1", path], user=user, group=user, extra_groups=[], capture_output=True)
    return done.returncode == 0


def containers_with_token(kube: Kube, pod: str) -> list[str]:
    """The containers of a Pod that mount a token of any ServiceAccount."""
    spec = kube.get("pod", pod)["spec"]
    tokens = {each["name"] for each in spec["volumes"] if "serviceAccountToken" in json.dumps(each)}
    containers = [*spec["initContainers"], *spec["containers"]]
    return [each["name"] for each in containers if tokens & {mount["name"] for mount in each.get("volumeMounts", [])}]


SIDECAR = {"name": "side", "image": "x", "restartPolicy": "Always", "env": [{"name": "A", "value": "b"}]}
ONE = [{"name": "a", "image": "x"}]
LIMITS = {"resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}
SHAPES: dict[str, Object] = {
    "one container": labelled({"containers": ONE}),
    "two containers, variables, volumes": labelled(
        {
            "containers": [*ONE, {"name": "b", "image": "x", "env": [{"name": "A", "value": "$(PODMEDIC_CONTAINER)"}]}],
            "volumes": [{"name": "own", "emptyDir": {}}],
        }
    ),
    "init containers": labelled({"initContainers": [{"name": "init", "image": "x"}, SIDECAR], "containers": ONE}),
    "a mesh": labelled(
        {
            "initContainers": [
                {"name": "istio-init", "image": "x"},
                {"name": "istio-proxy", "image": "x", "restartPolicy": "Always"},
                SIDECAR,
                {"name": "linkerd-init", "image": "x"},
            ],
            "containers": [*ONE, {"name": "linkerd-proxy", "image": "x"}],
        }
    ),
    "Guaranteed": labelled({"initContainers": [SIDECAR | LIMITS], "containers": [ONE[0] | LIMITS]}),
    "nearly Guaranteed": labelled({"initContainers": [SIDECAR], "containers": [ONE[0] | LIMITS]}),
    "resources of the Pod": labelled({"containers": ONE, **LIMITS}),
    "restartPolicy Never": labelled({"restartPolicy": "Never", "containers": ONE}),
    "restartPolicy OnFailure": labelled({"restartPolicy": "OnFailure", "containers": ONE}),
    "an account of its own": labelled({"serviceAccountName": "own", "containers": ONE}),
    "no token": labelled({"automountServiceAccountToken": False, "containers": ONE}),
    "not shared": labelled({"shareProcessNamespace": False, "containers": ONE}),
    "hostPID": labelled({"hostPID": True, "containers": ONE}),
    "the user of the Pod": labelled({"securityContext": {"runAsUser": 7}, "containers": ONE}),
    "the user of the container that is judged": labelled(
        {"containers": [ONE[0] | {"securityContext": {"runAsUser": 7}}, {"name": "b", "image": "x", "securityContext": {"runAsUser": 8}}]},
        probe_podmedic_io__p="memory: {maxUsage: 90%}\ncontainer: b\n",
    ),
    "the same in braces": labelled(
        {"containers": [ONE[0] | {"securityContext": {"runAsUser": 7}}, {"name": "b", "image": "x", "securityContext": {"runAsUser": 8}}]},
        probe_podmedic_io__p="{memory: {maxUsage: 90%}, container: b}",
    ),
    "root": labelled({"containers": [ONE[0] | {"securityContext": {"runAsUser": 0}}]}),
    "a startup barrier": labelled({"containers": ONE}, podmedic_io__policy="startupBarrier:\n  maxSeconds: 60\n"),
    "podmedic already": labelled(
        {"initContainers": [{"name": "medic", "image": "x", "command": ["/podmedic", "run"], "restartPolicy": "Always"}], "containers": ONE}
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("account", ["podmedic", ""])
def test_the_policy_adds_what_inject_adds(injection: Kube, kube: Kube, account: str, shape: str) -> None:
    injection.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "own"}})
    for name in ("own", "podmedic"):
        kube.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
    allow(injection, image=f"podmedic:{account}", service_account=account or None)
    wait_for_image(injection, f"podmedic:{account}")
    pod = SHAPES[shape]
    arguments = ["--service-account", account] if account else []
    text = podmedic("inject", "--image", f"podmedic:{account}", *arguments, stdin=json.dumps(pod))
    by_inject = pod if shape == "podmedic already" else json.loads(text)
    assert comparable(admitted(injection, pod)) == comparable(admitted(kube, by_inject))


def comparable(pod: Object) -> Any:
    """The Pod's spec with the random name of the usual token's volume, and lists whose order means nothing, made the same."""
    spec = json.loads(json.dumps(pod["spec"]))
    usual = [each["name"] for each in spec.get("volumes", []) if each["name"].startswith("kube-api-access-")]
    spec = json.loads(json.dumps(spec).replace(usual[0], "usual")) if usual else spec
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        container.get("volumeMounts", []).sort(key=lambda each: each["mountPath"])
    spec.get("volumes", []).sort(key=lambda each: each["name"])
    return spec


def as_pod(kube: Kube, pod: Object | None, method: str, path: str, body: Object) -> str:
    """Asks with a token of the account podmedic, as the kubelet gets it for that Pod; the API's refusal, or nothing."""
    bound = {"kind": "Pod", "apiVersion": "v1", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]} if pod else None
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"boundObjectRef": bound}}
    token = kube.request("POST", kube.path("serviceaccount", "podmedic", "token"), asked)["status"]["token"]
    types = {"PATCH": "application/merge-patch+json", "POST": "application/json"}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": types[method]}
    address = kube.transport.address
    tls = ssl.create_default_context(cafile=yaml.safe_load(kube.transport.kubeconfig.read_text())["clusters"][0]["cluster"]["certificate-authority"])
    connection = http.client.HTTPSConnection(address.hostname or "", address.port, context=tls, timeout=30)
    connection.request(method, path, json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return "" if answer.status < 300 else str(json.loads(text)["message"])


def lease(name: str, holder: str = "") -> Object:
    spec = {"holderIdentity": holder} if holder else {}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name}, "spec": spec}


def test_podmedic_s_account_reaches_its_own_pod_and_workload_alone(injection: Kube) -> None:
    injection.apply((ROOT / "deploy" / "rbac.yaml").read_text())
    role = injection.get("role", "podmedic")
    eviction = {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]}
    injection.patch("role", "podmedic", {"rules": [*role["rules"], eviction]})
    pods = {}
    for name in ("web-7d4b9c-x2x4z", "web-api-7d4b9c-x2x4z", "db-0"):
        spec = {"serviceAccountName": "podmedic", "nodeName": "none", "containers": ONE}
        pods[name] = injection.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
    own, other, db = pods.values()
    note = {"metadata": {"annotations": {"podmedic.io/last-restart": "{}"}}}
    in_service = {"status": {"conditions": [{"type": "podmedic.io/InService", "status": "True"}]}}
    leases = injection.path("lease")

    def patch(by: Object | None, of: Object, change: Object, subresource: str = "") -> str:
        return as_pod(injection, by, "PATCH", injection.path("pod", of["metadata"]["name"], subresource), change)

    def evict(by: Object, of: Object) -> str:
        name = of["metadata"]["name"]
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
        return as_pod(injection, by, "POST", f"{injection.path('pod', name, 'eviction')}?dryRun=All", body)

    def take(by: Object, name: str, holder: str = "") -> str:
        holder = holder or f"{by['metadata']['name']}_{by['metadata']['uid']}"
        return as_pod(injection, by, "POST", f"{leases}?dryRun=All", lease(name, holder))

    alone = "may change its own Pod alone"
    wait_for(lambda: patch(own, other, note), lambda refusal: alone in refusal, "the policy to be in force")
    assert patch(own, own, note) == ""
    assert alone in patch(None, own, note), "a token that was made for no Pod"
    assert "last-restart alone" in patch(own, own, {"metadata": {"annotations": {"podmedic.io/mode": "Enforce"}}})
    assert "last-restart alone" in patch(own, own, {"metadata": {"labels": {"app": "other"}}})
    assert "last-restart alone" in patch(own, own, {"spec": {"activeDeadlineSeconds": 1}})
    assert patch(own, own, in_service, "status") == ""
    assert alone in patch(own, other, in_service, "status")
    assert "InService alone" in patch(own, own, {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, "status")
    assert "InService alone" in patch(own, own, {"status": {"podIPs": [{"ip": "10.0.0.1"}]}}, "status")
    assert evict(own, own) == ""
    assert alone in evict(own, other)

    workload = "Leases of its own workload alone"
    assert take(own, "podmedic-deployment-web-0") == "" and take(other, "podmedic-deployment-web-api-0") == ""
    assert workload in take(own, "podmedic-deployment-web-api-0") and workload in take(other, "podmedic-deployment-web-0")
    assert take(db, "podmedic-statefulset-db-0") == "" and workload in take(db, "podmedic-statefulset-d-0")
    assert workload in take(own, "kube-scheduler")
    assert take(own, "podmedic-named-0") == "", "a workload that fleet.workload names"
    assert "for its own Pod alone" in take(own, "podmedic-deployment-web-0", "web-7d4b9c-other_uid")
    injection.create(lease("podmedic-deployment-web-0", "web-7d4b9c-other_uid"))
    change = as_pod(injection, own, "PATCH", f"{leases}/podmedic-deployment-web-0", {"spec": {"leaseTransitions": 2}})
    assert change == "", "another's turn is noted in, not taken"
    # All others are not concerned.
    injection.patch("pod", other["metadata"]["name"], {"metadata": {"labels": {"app": "other"}}})


LIMITS = "budget: {restarts: 2}\nactions: [RestartContainer, Observe]\n"


def medic_of(pod: Object) -> Object:
    return example.container(pod, "podmedic")


def limits_in(pod: Object) -> list[str]:
    return [each.get("value", "") for each in medic_of(pod).get("env", []) if each["name"] == "PODMEDIC_LIMITS"]


def test_the_administrator_s_limits_stand_in_every_podmedic_and_hold(injection: Kube) -> None:
    allow(injection, image="registry.example/podmedic:2@sha256:" + "0" * 64, limits=LIMITS)
    by_label = SHAPES["one container"]
    wait_for(lambda: limits_in(admitted(injection, by_label)), lambda found: found == [LIMITS], "the limits in new Pods")
    old = json.loads(podmedic("inject", "--image", "registry.example/podmedic:1", stdin=json.dumps(by_label)))
    assert limits_in(admitted(injection, old)) == [LIMITS], "also in a podmedic that stands in the template, an older one"
    widened = copy.deepcopy(old)
    value = {"name": "PODMEDIC_LIMITS", "value": ""}
    medic_of(widened)["env"] = [value, {"name": "B", "value": "c"}, value]
    made = admitted(injection, widened)
    assert limits_in(made) == [LIMITS] and {"name": "B", "value": "c"} in medic_of(made)["env"]

    refused = {
        "may not set --limits": {"args": ["--limits", "{}"]},
        "over its program": {"volumeMounts": [*medic_of(old)["volumeMounts"], {"name": "podmedic-state", "mountPath": "/podmedic"}]},
        "must be one of registry.example/podmedic": {"image": "registry.example/podmedic-of-mine:1"},
    }
    for message, change in refused.items():
        pod = copy.deepcopy(old)
        medic_of(pod).update(change)
        with pytest.raises(ApiError, match=message):
            admitted(injection, pod)
    allow(injection, limits=None)
    wait_for(lambda: limits_in(admitted(injection, by_label)), lambda found: found == [], "no limits in new Pods")
