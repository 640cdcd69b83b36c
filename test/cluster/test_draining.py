"""Leaving traffic and ending gracefully: what the other containers get before all are restarted, how soon a Service sends
nothing any more, and the way back when the server heals meanwhile."""

from __future__ import annotations

import signal
import statistics
import time
from pathlib import Path

import pytest
import yaml

import example
from cluster import Cluster
from example import Images
from kube import SOON_SECONDS, Kube, Object, condition, container_status, is_ready, wait_for
from medic import Medic, in_order
from scenarios import Scene, scenario
from test_quiet_own_ends import kill_podmedic
from test_restart_container import pod_with_shipper, restart_counts

GATE = "podmedic.io/InService"


def with_worker(pod: Object, seconds: int) -> Object:
    """A container beside the server that needs so long to finish its work once it has got SIGTERM."""
    worker = {
        **example.container(pod, "engine"),
        "name": "worker",
        "image": "localhost/actor:1",
        "imagePullPolicy": "Never",
        "command": ["/actor", "append=/data/work:begun", f"finish=/data/work:{seconds}s", "pause"],
        "env": [],
        "ports": [],
    }
    del worker["readinessProbe"]
    pod["spec"]["containers"].append(worker)
    return pod


def restarted(scene: Scene, medic: Medic) -> list[str]:
    """Wedges the server; the worker's words of both lives, when the restart has helped."""
    medic.wait_until_well()
    scene.signal_engine(medic, signal.SIGSTOP)
    scene.wait_for_outcomes(medic, "Recovered")
    return (medic.volume("data") / "work").read_text().split()


@scenario
def test_before_all_are_restarted_a_container_may_finish_its_work(scene: Scene) -> None:
    pod = with_worker(scene.pod("finishes", policy={"gracefulStop": {"timeoutSeconds": 15}}), seconds=4)
    medic = scene.start(pod)
    assert restarted(scene, medic) == ["begun", "finished", "begun"]
    assert {name: scene.restarts(medic, name) for name in ("podmedic", "worker")} == {"podmedic": 1, "worker": 1}
    # The kubelet starts the server anew while the worker finishes; that life is asked to end, too.
    assert 1 <= scene.restarts(medic, "engine") <= 2


@scenario
def test_without_a_graceful_stop_the_kubelet_gives_two_seconds(scene: Scene) -> None:
    pod = with_worker(scene.pod("does-not-finish"), seconds=4)
    medic = scene.start(pod)
    assert restarted(scene, medic) == ["begun", "begun"]
    assert {scene.restarts(medic, name) for name in ("podmedic", "engine", "worker")} == {1}


@scenario
def test_a_pod_whose_containers_would_not_come_back_gets_no_sigterm_and_is_restarted(scene: Scene) -> None:
    """A Pod of restartPolicy Never whose main containers have ended is over, whatever the exit code of podmedic is."""
    pod = scene.pod("never", policy={"gracefulStop": {"timeoutSeconds": 15}})
    pod["spec"]["restartPolicy"] = "Never"
    medic = scene.start(pod)
    medic.wait_until_well()
    assert "restartPolicy Never" in medic.wait_for_reason("NoGracefulStop").text
    scene.signal_engine(medic, signal.SIGSTOP)
    scene.wait_for_outcomes(medic, "Recovered")
    assert [entry.text for entry in medic.entries() if "SIGTERM" in entry.text and "result" in entry.fields] == []
    assert {scene.restarts(medic, name) for name in ("podmedic", "engine")} == {1}


@scenario
def test_a_server_that_heals_while_podmedic_drains_is_not_restarted(scene: Scene) -> None:
    pod = pod_with_shipper(scene, "heals")
    example.annotate(pod, "podmedic.io/policy", drain={"timeoutSeconds": 100, "settleSeconds": 0})
    hooks = {
        "10-wait": {"waitFor": {"file": "/var/lib/podmedic/never"}, "timeoutSeconds": 90},
        "20-back": {"http": {"url": "http://127.0.0.1:15000/healthcheck/ok"}, "phase": "Cancelled"},
    }
    for name, fields in hooks.items():
        example.annotate(pod, f"hook.podmedic.io/{name}", **fields)
    medic = scene.start(pod)
    medic.wait_until_well()
    scene.signal_engine(medic, signal.SIGSTOP)
    medic.wait_for_reason("Draining")
    scene.kube.wait_for("pod", medic.pod, lambda found: not is_ready(found), "to be out of traffic")
    scene.signal_engine(medic, signal.SIGCONT)
    medic.wait_for_reason("Cancelled")

    scene.kube.wait_ready(medic.pod)
    asked = medic.volume("data") / "hooks"
    wait_for(lambda: asked.exists() and asked.read_text(), lambda text: "/healthcheck/ok" in (text or ""), "the Cancelled hook")
    assert in_order(["FailureConfirmed", "Draining", "Cancelled"], medic.reasons())
    assert restart_counts(scene, medic) == {"podmedic": 0, "engine": 0, "shipper": 0}
    scene.expect_no_restart(medic)
    assert medic.ledger()["restarts"] == []
    medic.wait_for_phase("Watching")


# Out of traffic, two ways


def drained_pod(scene: Scene, name: str, gate: bool) -> Object:
    """A Pod that leaves traffic while its server is ill: by podmedic's readinessProbe (every second), or by the gate alone."""
    pod = scene.pod(name)
    pod["metadata"]["labels"] = {"app": name}
    example.annotate(pod, "probe.podmedic.io/engine", onFailure="Drain")
    del example.container(pod, "engine")["readinessProbe"]
    if gate:
        pod["spec"]["readinessGates"] = [{"conditionType": GATE}]
        del example.container(pod, "podmedic")["readinessProbe"]
    else:
        example.container(pod, "podmedic")["readinessProbe"]["periodSeconds"] = 1
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}}
    scene.kube.apply({**service, "spec": {"selector": {"app": name}, "ports": [{"port": 8001}]}})
    return pod


def slice_of(kube: Kube, service: str) -> str:
    found = wait_for(lambda: kube.items("endpointslices", f"kubernetes.io/service-name={service}"), bool, "an EndpointSlice")
    return found[0]["metadata"]["name"]


def serves(endpoints: Object) -> bool:
    return any(each["conditions"]["serving"] for each in endpoints.get("endpoints") or [])


def times_to_leave(scene: Scene, medic: Medic, rounds: int = 5) -> list[float]:
    """Seconds from podmedic's decision until the EndpointSlice, read every 10 ms, has no endpoint that serves."""
    times = []
    name = slice_of(scene.kube, medic.pod)

    def in_slice() -> bool:
        return serves(scene.kube.get("endpointslices", name))

    def decisions() -> list[float]:
        return [entry.time for entry in medic.entries() if "not ready" in entry.text]

    scene.wait_for_checks(medic, "Pass", 4)  # by then podmedic knows since when the container runs: a pass before that is none
    for number in range(rounds):
        scene.kube.wait_ready(medic.pod)
        wait_for(in_slice, bool, "the endpoint to serve")
        scene.signal_engine(medic, signal.SIGSTOP)
        deadline = time.time() + SOON_SECONDS
        while in_slice():
            assert time.time() < deadline, f"the endpoint still serves: {medic.tail()}"
            time.sleep(0.01)
        gone = time.time()
        all_decided = wait_for(decisions, lambda found: len(found) > number, "podmedic to leave", lambda _: medic.tail())
        times.append(gone - all_decided[number])
        scene.signal_engine(medic, signal.SIGCONT)
        scene.wait_until_healthy(medic)
    return times


@pytest.mark.slow
@scenario
def test_the_pod_leaves_traffic_by_podmedics_own_readiness_probe(scene: Scene) -> None:
    medic = scene.start(drained_pod(scene, "leaves-by-probe", gate=False))
    print(f"\nreadinessProbe every second: {show(times_to_leave(scene, medic))}")


@pytest.mark.slow
@scenario
def test_the_pod_leaves_traffic_by_the_readiness_gate_though_no_probe_asks_about_readiness(scene: Scene) -> None:
    medic = scene.start(drained_pod(scene, "leaves-by-gate", gate=True))
    print(f"\nreadinessGate: {show(times_to_leave(scene, medic))}")
    assert medic.status()["inServiceCondition"] == "True"

    # A life that ended out of traffic leaves the condition False; the next one puts it right.
    scene.signal_engine(medic, signal.SIGSTOP)
    wait_until_in_service(scene.kube, medic.pod, "False")
    scene.signal_engine(medic, signal.SIGCONT)
    kill_podmedic(scene, medic)
    wait_until_in_service(scene.kube, medic.pod, "True")
    scene.kube.wait_ready(medic.pod)


def show(times: list[float]) -> str:
    return f"median {statistics.median(times):.2f} s of {', '.join(f'{each:.2f}' for each in sorted(times))}"


def wait_until_in_service(kube: Kube, pod: str, status: str) -> None:
    def holds(found: Object) -> bool:
        return (condition(found, GATE) or {}).get("status") == status

    kube.wait_for("pod", pod, holds, f"{GATE} to be {status}")


def test_a_gate_without_the_right_to_set_it_is_said_loudly_and_the_pod_is_ready_once_it_is_granted(
    cluster: Cluster, kube: Kube, images: Images
) -> None:
    scene = Scene(cluster, kube, images)
    pod = scene.pod("gate-without-right")
    pod["spec"]["readinessGates"] = [{"conditionType": GATE}]
    documents = list(yaml.safe_load_all((Path(example.ROOT) / "deploy" / "rbac.yaml").read_text()))
    role = next(each for each in documents if each["kind"] == "Role")
    granted = list(role["rules"])
    role["rules"] = [rule for rule in granted if "pods/status" not in rule["resources"]]
    kube.apply(role)
    kube.apply(pod)
    medic = Medic(cluster, kube, "gate-without-right")
    entry = medic.wait_for_reason("InServiceNotSet")
    assert "pods/status" in entry.text and "readinessGate" in entry.text
    kube.wait_for_events(medic.pod, "InServiceNotSet")

    def engine_is_ready(found: Object) -> bool:
        return bool(container_status(found, "engine").get("ready"))

    assert not is_ready(kube.wait_for("pod", medic.pod, engine_is_ready, "its server to be ready"))
    role["rules"] = granted
    kube.apply(role)
    kube.wait_ready(medic.pod)
    medic.wait_for_reason("InServiceSet")
