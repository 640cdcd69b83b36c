"""The containers behind podmedic start when what they wait for holds, or after the maximum; never a second time for it."""

from __future__ import annotations

import json
import os
import signal
import time

import example
from kube import Object, container_status, wait_for
from medic import Medic
from scenarios import Scene, scenario


def pod_with_barrier(scene: Scene, name: str, maximum: int) -> Object:
    """Waits for /data/go, which the tests make and remove from outside."""
    pod = scene.pod(name, policy={"startupBarrier": {"maxSeconds": maximum}})
    hook = {"waitFor": {"file": "/data/go", "intervalSeconds": 0.2}, "phase": "Startup", "timeoutSeconds": 1}
    pod["metadata"]["annotations"]["hook.podmedic.io/10-go"] = json.dumps(hook)
    example.container(pod, "podmedic")["volumeMounts"].append({"name": "data", "mountPath": "/data"})
    example.container(pod, "podmedic")["startupProbe"]["failureThreshold"] = 90
    return pod


def begin(scene: Scene, pod: Object) -> Medic:
    scene.kube.apply(pod)
    return scene.medic_of(pod["metadata"]["name"])


def started_at(scene: Scene, medic: Medic, container: str) -> str | None:
    state = container_status(scene.kube.get("pod", medic.pod), container).get("state", {})
    return state.get("running", {}).get("startedAt")


def wait_until_engine_runs(scene: Scene, medic: Medic) -> None:
    wait_for(lambda: started_at(scene, medic, "engine"), bool, "the engine to start", lambda _: medic.tail())


def told_in_last_life(medic: Medic) -> str:
    """The kubelet tidies the logs of earlier lives away while the test runs."""
    return (medic.lives_of("podmedic") or [""])[-1]


def kill_podmedic(scene: Scene, medic: Medic) -> None:
    wait_for(lambda: container_status(scene.kube.get("pod", medic.pod), "podmedic"), lambda status: "containerID" in status, "its id")
    os.kill(scene.kube.host_pids(medic.pod, "podmedic")[0], signal.SIGKILL)


def expect_held(scene: Scene, medic: Medic) -> None:
    """It holds, and for longer than the kubelet would need to start the engine."""
    told = wait_for(lambda: told_in_last_life(medic), lambda log: "StartupHeld" in log, "podmedic to hold the containers")
    assert "10-go" in told
    end = time.monotonic() + 5
    while time.monotonic() < end:
        assert started_at(scene, medic, "engine") is None
        assert not scene.kube.get("pod", medic.pod)["status"].get("containerStatuses", [{}])[0].get("started")
        time.sleep(0.5)
    medic.wait_for_metric("podmedic_startup_held", 1)
    assert "/data/go" in medic.status()["startupHeld"]["waitsFor"]


@scenario
def test_the_containers_wait_for_what_must_hold_at_each_start_of_all_and_not_when_podmedic_alone_was_killed(scene: Scene) -> None:
    medic = begin(scene, pod_with_barrier(scene, "barrier", maximum=60))
    expect_held(scene, medic)
    go = medic.volume("data") / "go"
    go.touch()
    wait_until_engine_runs(scene, medic)
    medic.wait_for_reason("StartupReleased")
    scene.wait_until_healthy(medic)

    # podmedic alone: what it waited for is gone, and it does not hold
    go.unlink()
    before = started_at(scene, medic, "engine")
    kill_podmedic(scene, medic)
    wait_for(lambda: scene.restarts(medic, "podmedic"), lambda n: n == 1, "podmedic to be started again")
    scene.wait_until_healthy(medic)
    assert " starts" in told_in_last_life(medic) and "StartupHeld" not in told_in_last_life(medic)
    medic.wait_for_metric("podmedic_startup_held", 0)
    assert started_at(scene, medic, "engine") == before

    # all containers: held again
    scene.signal_engine(medic, signal.SIGSTOP)
    medic.wait_for_reason("RestartingAllContainers")
    wait_for(lambda: scene.restarts(medic, "podmedic"), lambda n: n == 2, "all to be restarted")
    expect_held(scene, medic)
    go.touch()
    scene.wait_for_outcomes(medic, "Recovered")
    assert "StartupBarrierTimedOut" not in medic.reasons() and "StartupBarrierShortened" not in medic.reasons()


@scenario
def test_after_the_maximum_the_containers_start_and_it_is_said_loudly_though_podmedic_was_killed_meanwhile(scene: Scene) -> None:
    medic = begin(scene, pod_with_barrier(scene, "barrier-maximum", maximum=15))
    first = medic.wait_for_reason("StartupHeld")
    kill_podmedic(scene, medic)
    last = medic.wait_for_reason("StartupBarrierTimedOut")
    assert last.life == 1, "the life after the kill"
    assert 14 <= last.time - first.time <= 18, "the wait is one, across both lives"
    assert "/data/go" in last.text
    wait_until_engine_runs(scene, medic)
    scene.wait_until_healthy(medic)
    scene.kube.wait_for_events(medic.pod, "StartupBarrierTimedOut")


@scenario
def test_a_barrier_longer_than_the_startup_probe_allows_is_shortened_and_said(scene: Scene) -> None:
    pod = pod_with_barrier(scene, "barrier-too-long", maximum=60)
    example.container(pod, "podmedic")["startupProbe"] |= {"periodSeconds": 2, "failureThreshold": 8}
    medic = begin(scene, pod)
    assert "failureThreshold" in medic.wait_for_reason("StartupBarrierShortened").text
    medic.wait_for_reason("StartupBarrierTimedOut")
    scene.wait_until_healthy(medic)
    assert scene.restarts(medic, "podmedic") == 0, "the kubelet has not ended it"
