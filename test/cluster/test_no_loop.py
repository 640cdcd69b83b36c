"""No loop: a server that can never work again is restarted within the budget, ever further apart, and then held."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import example
import pytest
from cluster import Cluster
from example import Images
from kube import Kube, Object, container_status, wait_for
from layout import BUILD
from medic import Medic

BASE, CAP, BUDGET = 2_000, 20_000, 3  # milliseconds and restarts of the example's policy
POLICY = "podmedic.io/policy"
PROBE = "probe.podmedic.io/engine"


@dataclass(frozen=True)
class Figures:
    """Restarts of the whole Pod in the same time, with podmedic and with a bare restart rule."""

    seconds: float
    guarded: int
    unguarded: int

    def per_minute(self, restarts: int) -> float:
        return round(restarts * 60 / self.seconds, 1)


@dataclass(frozen=True)
class Held:
    """Two guarded Pods that ended in Holding: the default's, and one with `hold: Unready`."""

    in_service: Medic
    unready: Medic
    figures: Figures


def broken_for_good(images: Images, name: str) -> Object:
    """The example's Pod with a server that never answers again once /data/wedged exists, and little patience."""
    pod = example.wedged_grpc(images, name)
    example.container(pod, "engine")["command"] += ["--wedged-if-exists", "/data/wedged"]
    example.annotate(pod, PROBE, failureThreshold=2)
    example.annotate(pod, POLICY, warmUp={"maxSeconds": 3})
    return pod


def unguarded(images: Images) -> Object:
    """The same Pod with a sidecar that asks for a restart as soon as it runs."""
    pod = broken_for_good(images, "unguarded")
    sidecar = example.container(pod, "podmedic")
    for part in ("command", "startupProbe", "readinessProbe", "livenessProbe", "lifecycle"):
        del sidecar[part]
    sidecar |= {"image": "localhost/actor:1", "args": ["exit=88"]}
    return pod


def whole_restarts(kube: Kube, pod: str) -> int:
    return container_status(kube.get("pod", pod), "podmedic").get("restartCount", 0)


@pytest.fixture(scope="module")
def held(cluster: Cluster, module_kube: Kube, images: Images) -> Held:
    kube = module_kube
    in_service, unready = broken_for_good(images, "in-service"), broken_for_good(images, "unready")
    example.annotate(unready, POLICY, hold="Unready")
    medics = []
    for pod in (in_service, unready):
        kube.apply(example.with_api_access(kube, pod))
        medics.append(Medic(cluster, kube, pod["metadata"]["name"]))
    for medic in medics:
        medic.wait_until_well()

    kube.apply(unguarded(images))
    wait_for(lambda: whole_restarts(kube, "unguarded"), bool, "the unguarded Pod's first restart")
    began, before = time.monotonic(), whole_restarts(kube, "unguarded")
    for medic in medics:
        (medic.volume("data") / "wedged").touch()
        medic.fault("stop")
    for medic in medics:
        medic.wait_for_phase("Holding")
    more = 3 * BUDGET
    wait_for(lambda: whole_restarts(kube, "unguarded") - before, lambda n: n > more, f"more than {more} restarts of the unguarded Pod")
    figures = Figures(
        time.monotonic() - began, whole_restarts(kube, "in-service"), whole_restarts(kube, "unguarded") - before
    )
    kube.delete("pod", "unguarded", grace_seconds=0)
    return Held(*medics, figures)


def test_it_restarts_as_often_as_the_budget_allows_and_then_no_more(held: Held) -> None:
    def failures() -> float:
        return held.in_service.metric('podmedic_probe_checks_total{probe="engine",verdict="Fail"}') or 0

    before = failures()
    wait_for(failures, lambda count: count >= before + 5, "more failures than led to any restart before")
    for medic in (held.in_service, held.unready):
        pod = medic.kube.get("pod", medic.pod)
        assert len(medic.ledger()["restarts"]) == BUDGET
        for name in ("podmedic", "note-start", "front"):
            assert container_status(pod, name)["restartCount"] == BUDGET, name
        assert medic.reasons().count("RestartingAllContainers") == BUDGET


def test_each_wait_is_at_least_as_long_as_the_last_one_and_is_kept(held: Held) -> None:
    for medic in (held.in_service, held.unready):
        restarts = medic.ledger()["restarts"]
        waits = [restart["waitAfterMilliseconds"] for restart in restarts]
        print(f"\n{medic.pod}: waits of {', '.join(f'{wait / 1000:.1f}' for wait in waits)} s")
        assert waits == sorted(waits) and BASE <= waits[0] and waits[-1] <= CAP
        for earlier, later in zip(restarts, restarts[1:]):
            assert later["atMilliseconds"] - earlier["atMilliseconds"] >= earlier["waitAfterMilliseconds"]
        assert [restart["outcome"] for restart in restarts] == ["Relapsed"] * BUDGET


def test_holding_is_loud(held: Held) -> None:
    for medic in (held.in_service, held.unready):
        medic.wait_for_metric('podmedic_phase{phase="Holding"}', 1)
        medic.kube.wait_for_events(medic.pod, "Holding")
        wait_for(medic.mirrored, lambda mirrored: mirrored.get("holding") is True, "the annotation to say it")
        assert "Holding" in medic.command("status").splitlines()[0]


def test_a_held_pod_is_in_traffic_unless_its_policy_says_unready(held: Held) -> None:
    def ready(pod: Object) -> bool:
        return container_status(pod, "podmedic")["ready"]

    held.in_service.kube.wait_for("pod", "in-service", ready, "podmedic to be ready")
    held.unready.kube.wait_for("pod", "unready", lambda pod: not ready(pod), "podmedic to be unready")


def test_podmedic_restarts_far_less_than_a_bare_rule(held: Held) -> None:
    figures = held.figures
    shown = {
        "seconds": round(figures.seconds, 1),
        "restartsWithPodmedic": figures.guarded,
        "restartsOfABareRule": figures.unguarded,
        "perMinuteWithPodmedic": figures.per_minute(figures.guarded),
        "perMinuteOfABareRule": figures.per_minute(figures.unguarded),
    }
    (BUILD / "no_loop.json").write_text(json.dumps(shown, indent=2) + "\n")
    print(f"\nwhole-Pod restarts a minute: {shown['perMinuteWithPodmedic']} with podmedic, then none;", end=" ")
    print(f"{shown['perMinuteOfABareRule']} with a bare rule ({shown['seconds']} s)")
    assert figures.guarded == BUDGET
    assert figures.unguarded > 3 * figures.guarded


def test_it_goes_back_to_watching_when_the_server_works_again(held: Held) -> None:
    for medic in (held.in_service, held.unready):
        (medic.volume("data") / "wedged").unlink()
        medic.fault("kill")  # the kubelet restarts this container alone
    for medic in (held.in_service, held.unready):
        medic.wait_for_reason("HoldEnded")
        medic.wait_until_well()
        pod = medic.kube.wait_ready(medic.pod)
        assert container_status(pod, "engine")["restartCount"] > BUDGET
        for name in ("podmedic", "note-start", "front"):
            assert container_status(pod, name)["restartCount"] == BUDGET, name
        assert len(medic.ledger()["restarts"]) == BUDGET
