"""The facts of Kubernetes that podmedic stands on, seen on a real kubelet."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from cluster import Cluster
from kube import ApiError, Kube, Object, condition, container_status, is_ready, wait_for

RESTART_ALL = 88
GATE = "RestartAllContainersOnContainerExits"
ACTOR = {"image": "localhost/actor:1", "imagePullPolicy": "Never"}


def pod_with_medic(medic_steps: list[str]) -> Object:
    """A Pod with an init container, a native sidecar whose exit code 88 restarts all containers, and a main container."""
    mounts = [{"name": "state", "mountPath": "/state"}]
    medic: dict[str, Any] = {
        "name": "medic",
        "args": medic_steps,
        "restartPolicy": "Always",
        "restartPolicyRules": [{"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [RESTART_ALL]}}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pod"},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            "volumes": [{"name": "state", "emptyDir": {}}],
            "initContainers": [
                {**ACTOR, "name": "init", "args": ["append=/state/lives:init"], "volumeMounts": mounts},
                {**ACTOR, **medic, "volumeMounts": mounts},
            ],
            "containers": [{**ACTOR, "name": "main", "args": ["append=/state/lives:main", "pause"], "volumeMounts": mounts}],
        },
    }


def all_restarted(pod: Object) -> bool:
    """Both long-running containers run in their second life, and the Pod is Ready again."""
    statuses = [container_status(pod, name) for name in ("medic", "main")]
    return is_ready(pod) and all(status["restartCount"] == 1 and "running" in status["state"] for status in statuses)


def of_each_life(lives: str) -> list[list[str]]:
    """Who ran: init first; then the two that run beside each other, sorted, since either may come to write first."""
    words = lives.split()
    return [[words[i], *sorted(words[i + 1 : i + 3])] for i in range(0, len(words), 3)]


def test_exit_88_of_the_sidecar_restarts_all_containers_in_place(kube: Kube) -> None:
    kube.apply(pod_with_medic(["append=/state/lives:medic", "await=/state/restart", f"exit={RESTART_ALL}"]))
    before = kube.wait_ready("pod")
    first_condition = condition(before, "AllContainersRestarting")
    assert first_condition and first_condition["status"] == "False", "its presence is the proof of support"

    with kube.watch("pod", "pod") as watch:
        assert kube.exec("pod", ["/actor", "create=/state/restart"], "main").returncode == 0
        during = watch.wait_for(
            lambda version: (condition(version.object, "AllContainersRestarting") or {}).get("status") == "True",
            "the restart has begun",
        )
        after = watch.wait_for(lambda version: all_restarted(version.object), "all containers run again")
    print(f"\nRestartAllContainers: begun -> Ready again {after.monotonic - during.monotonic:.1f} s")

    pod = kube.get("pod", "pod")
    assert pod["metadata"]["uid"] == before["metadata"]["uid"]
    assert pod["status"]["podIP"] == before["status"]["podIP"]
    last_condition = condition(pod, "AllContainersRestarting")
    assert last_condition and last_condition["status"] == "False"
    lives = kube.exec("pod", ["/actor", "show=/state/lives"], "main").stdout
    assert of_each_life(lives) == [["init", "main", "medic"]] * 2, "the emptyDir was kept, and the init container ran again, first"


def test_the_kubelet_erases_why_all_containers_were_restarted(kube: Kube) -> None:
    kube.apply(pod_with_medic(["await=/state/restart", f"exit={RESTART_ALL}"]))
    kube.wait_ready("pod")
    assert kube.exec("pod", ["/actor", "create=/state/restart"], "main").returncode == 0
    pod = kube.wait_for("pod", "pod", all_restarted, "to be restarted")
    for name in ("medic", "main"):
        last = container_status(pod, name)["lastState"]["terminated"]
        assert (last["exitCode"], last["reason"]) == (137, "RestartingAllContainers"), name
        assert last["startedAt"] is None and last["finishedAt"] is None and "containerID" not in last, name
    previous = kube.kubectl("logs", "pod", "-c", "medic", "--previous")
    assert previous.returncode != 0


@pytest.mark.disturbing
def test_all_containers_are_restarted_while_the_api_server_is_down(cluster: Cluster, kube: Kube) -> None:
    kube.apply(pod_with_medic(["append=/state/lives:medic", "await=/state/restart", f"exit={RESTART_ALL}"]))
    state = cluster.empty_dir(kube.wait_ready("pod"), "state")
    cluster.stop("kube-apiserver")
    try:
        (state / "restart").touch()
        lives = wait_for((state / "lives").read_text, lambda text: len(text.split()) == 6, "the second life")
    finally:
        cluster.start("kube-apiserver")
    assert of_each_life(lives) == [["init", "main", "medic"]] * 2
    kube.wait_for("pod", "pod", all_restarted, "the kubelet's report of the restart")


@pytest.mark.slow
def test_the_kubelet_does_not_back_off_between_restarts_of_all_containers(kube: Kube) -> None:
    kube.apply(pod_with_medic([f"exit={RESTART_ALL}"]))
    kube.wait_for("pod", "pod", lambda pod: condition(pod, "AllContainersRestarting"), "to be seen by the kubelet")
    start, before = time.monotonic(), _restarts(kube.get("pod", "pod"))
    # Kubernetes' crash-loop back-off (10 s, 20 s, 40 s …) would take an hour for them.
    pod = kube.wait_for("pod", "pod", lambda pod: _restarts(pod) >= before + 15, "15 more restarts")
    per_minute = (_restarts(pod) - before) * 60 / (time.monotonic() - start)
    print(f"\nan unguarded sidecar: {per_minute:.0f} restarts of the whole Pod a minute")


def _restarts(pod: Object) -> int:
    return container_status(pod, "medic").get("restartCount", 0)


def test_containers_are_found_by_their_pids_on_the_host(kube: Kube) -> None:
    kube.apply(pod_with_medic(["pause"]))
    kube.wait_ready("pod")
    (pid,) = kube.host_pids("pod", "main")
    with open(f"/proc/{pid}/cmdline") as command:
        assert command.read().split("\0")[:2] == ["/actor", "append=/state/lives:main"]


def test_rbac_and_the_projected_token_decide_what_a_pod_may_ask_the_api_server(kube: Kube) -> None:
    kube.apply(
        """
        {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: pods},
         rules: [{apiGroups: [""], resources: [pods], verbs: [list]}]}
        ---
        {apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: pods},
         roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: pods},
         subjects: [{kind: ServiceAccount, name: default}]}
        """
    )
    base = f"/api/v1/namespaces/{kube.namespace}"
    steps = [f"api={base}/pods", f"api={base}/secrets", "print=end", "pause"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}}
    kube.apply({**pod, "spec": {"containers": [{**ACTOR, "name": "main", "args": steps}]}})
    kube.wait_ready("pod")
    log = wait_for(lambda: kube.logs("pod", "main"), lambda text: "end" in text, "the Pod's answers from the API server")
    assert log.split() == ["200", "403", "end"]


def test_a_service_reaches_its_pods_from_the_host_and_from_one_of_them(kube: Kube) -> None:
    labels = {"app": "web"}
    for name in ("one", "two"):
        container = {**ACTOR, "name": "main", "args": ["serve=:8080", "pause"]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}}
        kube.apply({**pod, "spec": {"containers": [container]}})
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    (web,) = kube.apply({**service, "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}})
    url = f"http://{web['spec']['clusterIP']}/"

    def ask_from_host() -> str:
        try:
            return urllib.request.urlopen(url, timeout=20).read().decode()
        except OSError:
            return ""

    def ask_from_pod() -> str:
        return kube.exec("one", ["/actor", f"get={url}"]).stdout

    expect_both_to_answer(ask_from_host, "the host")
    expect_both_to_answer(ask_from_pod, "one of the Pods")


def expect_both_to_answer(ask: Callable[[], str], place: str) -> None:
    seen: set[str] = set()

    def ask_again() -> set[str]:
        seen.update(ask().split())
        return seen

    wait_for(ask_again, lambda hosts: hosts == {"one", "two"}, f"both Pods to answer {place} through the ClusterIP")


@pytest.mark.gate_off(f"kubelet:{GATE}")
def test_a_kubelet_without_the_feature_gets_no_pod_that_asks_for_it(kube: Kube) -> None:
    kube.apply(pod_with_medic(["pause"]))
    pod = kube.wait_for("pod", "pod", lambda pod: condition(pod, "PodScheduled"), "to be looked at by the scheduler")
    scheduled = condition(pod, "PodScheduled")
    assert scheduled and scheduled["status"] == "False" and "required features" in scheduled["message"]


@pytest.mark.gate_off(GATE)
def test_an_api_server_without_the_feature_refuses_the_rule(kube: Kube) -> None:
    with pytest.raises(ApiError, match="restartPolicyRules are not allowed"):
        kube.apply(pod_with_medic(["pause"]))
