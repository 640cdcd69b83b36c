"""Replicas of a server with podmedic, behind a Service, and who of them is out at which moment."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

import example
from cluster import Cluster
from example import Images
from kube import Kube, Object, Version, Watch, container_status, is_ready, wait_for
from medic import Medic

NAME = "engine"
LEASE = "podmedic-deployment-engine-0"
FLEET = {"maxUnavailable": 1, "minAvailable": 2, "service": NAME, "coolDownSeconds": 2}
POLICY = {
    "backoff": {"baseSeconds": 1, "capSeconds": 20},
    "budget": {"restarts": 5, "windowSeconds": 600},
    "drain": {"timeoutSeconds": 10, "settleSeconds": 2},
    "success": {"stableSeconds": 2},
    "fleet": FLEET,
}


def deployment(kube: Kube, images: Images, replicas: int) -> list[Object]:
    """The Service and the Deployment. The kubelet finds a wedged replica as ready as any other: podmedic alone takes it out."""
    pod = example.with_api_access(kube, example.wedged_grpc(images, NAME))
    spec, annotations = pod["spec"], pod["metadata"]["annotations"]
    spec["initContainers"], spec["containers"] = [example.container(pod, "podmedic")], [example.container(pod, NAME)]
    example.container(pod, NAME)["readinessProbe"] = {"tcpSocket": {"port": 8001}, "periodSeconds": 1}
    del annotations["hook.podmedic.io/10-front"]
    example.annotate(pod, "podmedic.io/policy", **POLICY)
    labels = {"app": NAME}
    template = {"metadata": {"labels": labels, "annotations": annotations}, "spec": spec}
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": NAME},
            "spec": {"selector": labels, "ports": [{"port": 8001}]},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": NAME},
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
        },
    ]  # fmt: skip


class Fleet:
    """As many replicas, with podmedic and a container `engine` in each."""

    def __init__(self, cluster: Cluster, kube: Kube, replicas: int, objects: Sequence[Object]) -> None:
        self.cluster, self.kube, self.replicas = cluster, kube, replicas
        for each in objects:
            kube.apply(each)
        self.wait_until_healthy()

    def pods(self) -> list[Object]:
        return [pod for pod in self.kube.items("pod") if "deletionTimestamp" not in pod["metadata"]]

    def names(self) -> list[str]:
        return [pod["metadata"]["name"] for pod in self.pods()]

    def medic(self, pod: str) -> Medic:
        return Medic(self.cluster, self.kube, pod)

    def wait_until_healthy(self) -> None:
        """All are there and Ready, and podmedic of each has seen its server answer."""

        def ready() -> list[bool]:
            return [is_ready(pod) for pod in self.pods()]

        wait_for(ready, lambda found: found == [True] * self.replicas, f"{self.replicas} replicas to be Ready")
        for name in self.names():
            medic = self.medic(name)
            wait_for(
                lambda: [probe["standing"] for probe in medic.status()["probes"]], lambda all: all == ["Healthy"], "the probe to pass"
            )

    def wedge(self, names: Sequence[str], by: signal.Signals = signal.SIGSTOP) -> None:
        for pid in [self.kube.host_pids(name, NAME)[0] for name in names]:
            os.kill(pid, by)

    def holder(self) -> str:
        """The Pod that holds the turn; empty where none does."""
        return self.kube.get("lease", LEASE)["spec"].get("holderIdentity", "").rpartition("_")[0]

    def wait_for_holder(self, other_than: Sequence[str] = ()) -> str:
        return wait_for(self.holder, lambda pod: pod not in ("", *other_than), "a replica to hold the turn")

    def restarts(self, container: str = "podmedic") -> dict[str, int]:
        return {pod["metadata"]["name"]: container_status(pod, container).get("restartCount", 0) for pod in self.pods()}

    def wait_until_restarted(self, times: int) -> None:
        """Each replica has been restarted as a whole so often, by its ledger, and recovered."""

        def outcomes() -> dict[str, list[str]]:
            return {name: [each["outcome"] for each in self.medic(name).ledger()["restarts"]] for name in self.names()}

        def are_so(found: dict[str, list[str]]) -> bool:
            return list(found.values()) == [["Recovered"] * times] * self.replicas

        wait_for(outcomes, are_so, f"{times} restarts of each replica to be recovered from")


def _is_out(pod: Object) -> bool:
    """podmedic has left readiness, or a container that had started is down: the Pod drains or restarts."""
    statuses = [container_status(pod, name) for name in ("podmedic", NAME)]
    return not all(status.get("ready") and "running" in status.get("state", {}) for status in statuses)


def _was_killed(pod: Object) -> bool:
    """podmedic's container ended by SIGKILL from outside; the kubelet's reset says RestartingAllContainers."""
    status = container_status(pod, "podmedic")
    ends = [status.get(state, {}).get("terminated", {}) for state in ("state", "lastState")]
    return any(end.get("exitCode") == 137 and end.get("reason") == "Error" for end in ends)


def most_out(watch: Watch) -> tuple[int, list[str]]:
    """How many of the Pods that had been Ready were out at the same time at most, and which; by the API alone."""
    had_been_ready: set[str] = set()
    out: set[str] = set()
    most: set[str] = set()
    for version in list[Version](watch.versions):
        pod = version.object
        name = pod["metadata"]["name"]
        if is_ready(pod):
            had_been_ready.add(name)
        if version.change == "DELETED" or "deletionTimestamp" in pod["metadata"] or (not is_ready(pod) and _was_killed(pod)):
            had_been_ready.discard(name)  # by somebody else's doing
        (out.add if name in had_been_ready and _is_out(pod) else out.discard)(name)
        if len(out) > len(most):
            most = set(out)
    return len(most), sorted(most)


def times_out(medic: Medic) -> list[tuple[float, float]]:
    """From leaving readiness to being back, by podmedic's log: Unix times."""
    times: list[tuple[float, float]] = []
    left: float | None = None
    for entry in medic.entries():
        if left is None and entry.text.endswith("not ready"):
            left = entry.time
        elif left is not None and entry.text.endswith(" ready") and not entry.text.endswith("not ready"):
            times.append((left, entry.time))
            left = None
    return times
