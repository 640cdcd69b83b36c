"""The main job: a gRPC server wedges, and podmedic heals its Pod in place. From examples/wedged-grpc/pod.yaml."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import example
import pytest
from cluster import Cluster
from example import Images
from kube import Kube, Object, Version, condition, container_status, is_ready
from medic import Medic, in_order

POD = "wedged-grpc"
CONTAINERS = ["podmedic", "note-start", "engine", "front"]


@dataclass(frozen=True)
class Healing:
    """One wedged server, and what became of it until podmedic was back at its watch."""

    medic: Medic
    before: Object
    wedged_at: float  # Unix
    versions: list[Version]  # of the Pod, from the fault to the end
    ledger_at_exit: Object
    events_at_exit: list[Object]
    after: Object

    def report(self, title: str) -> None:
        exit_line = next(entry for entry in self.medic.entries() if entry.fields.get("code") == "88")
        failing = next(entry for entry in self.medic.entries() if entry.reason == "ProbeFailing")
        ready = next(version for version in self.versions if is_ready_again(version.object))
        print(
            f"\n{title}: wedged -> threshold {failing.time - self.wedged_at:.1f} s, threshold -> exit "
            f"{exit_line.time - failing.time:.1f} s, wedged -> Ready again {ready.wall - self.wedged_at:.1f} s"
        )


def restarts(pod: Object) -> dict[str, int]:
    return {name: container_status(pod, name).get("restartCount", 0) for name in CONTAINERS}


def restarting_all(pod: Object) -> bool:
    return (condition(pod, "AllContainersRestarting") or {}).get("status") == "True"


def is_ready_again(pod: Object) -> bool:
    return is_ready(pod) and not restarting_all(pod) and restarts(pod)["front"] == 1


def heal(cluster: Cluster, kube: Kube, pod: Object, fault: str) -> Healing:
    """Makes the server of a healthy Pod ill, and waits until podmedic has healed it."""
    kube.apply(pod)
    medic = Medic(cluster, kube, POD)
    before = kube.wait_ready(POD)
    medic.wait_until_well(20)
    with kube.watch("pod", POD) as watch:
        wedged_at = time.time()
        medic.fault(fault)
        watch.wait_for(lambda version: restarting_all(version.object), 30, "all containers are being restarted")
        ledger_at_exit, events_at_exit = medic.ledger(), kube.events(POD)
        watch.wait_for(lambda version: is_ready_again(version.object), 30, "Ready again")
        medic.wait_for_reason("Recovered", 30)
        medic.wait_until_well(5)
    return Healing(medic, before, wedged_at, watch.versions, ledger_at_exit, events_at_exit, kube.get("pod", POD))


@pytest.fixture(scope="module")
def healing(cluster: Cluster, module_kube: Kube, images: Images) -> Iterator[Healing]:
    """SIGSTOP: the kernel still accepts TCP for the server, and nothing answers."""
    pod = example.with_api_access(module_kube, example.wedged_grpc(images))
    done = heal(cluster, module_kube, pod, "stop")
    done.report("SIGSTOP")
    yield done


def test_all_containers_are_restarted_once_in_the_same_pod(healing: Healing) -> None:
    before, after = healing.before, healing.after
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["status"]["podIP"] == before["status"]["podIP"]
    assert restarts(after) == {name: count + 1 for name, count in restarts(before).items()}
    assert [entry.life for entry in healing.medic.entries() if entry.fields.get("code") == "88"] == [0]


def test_init_containers_run_again_and_volumes_are_kept(healing: Healing) -> None:
    data = healing.medic.volume("data")
    assert (data / "starts").read_text().splitlines() == ["started", "started"]
    assert (data / "hooks").read_text().splitlines() == ["POST /healthcheck/fail"], "the drain hook of the first life"


def test_the_phases_follow_the_scenario(healing: Healing) -> None:
    wanted, given = example.scenario_reasons(), healing.medic.reasons()
    assert in_order(wanted, given), f"wanted {wanted} in {given}"


def test_the_pod_leaves_traffic_before_it_is_restarted(healing: Healing) -> None:
    def podmedic_ready(pod: Object) -> bool:
        return container_status(pod, "podmedic").get("ready", False)

    until_restart = []
    for version in healing.versions:
        if restarting_all(version.object):
            break
        until_restart.append(version.object)
    assert podmedic_ready(until_restart[0])
    assert not podmedic_ready(until_restart[-1]), "its own readinessProbe took the Pod out of its Services"
    assert not is_ready(until_restart[-1])


def test_the_restart_is_on_disk_before_it_happens_and_judged_after_it(healing: Healing) -> None:
    (intended,) = healing.ledger_at_exit["restarts"]
    assert (intended["outcome"], intended["exited"], intended["probe"]) == ("Pending", True, "engine")
    (judged,) = healing.medic.ledger()["restarts"]
    assert judged["outcome"] == "Recovered"
    assert judged["message"] == intended["message"]
    assert 0 < judged["recoveryMilliseconds"] < 30_000


def test_the_cause_can_be_read_afterwards_although_the_kubelet_erased_it(healing: Healing) -> None:
    cause = healing.ledger_at_exit["restarts"][0]["message"]
    last_state = container_status(healing.after, "podmedic")["lastState"]["terminated"]
    assert (last_state["reason"], last_state["exitCode"]) == ("RestartingAllContainers", 137)
    assert cause in healing.medic.command("status")
    assert healing.medic.ledger()["restarts"][0]["message"] == cause
    assert healing.medic.mirrored()["message"] == cause
    assert healing.medic.mirrored()["outcome"] == "Recovered"
    assert any(cause in event["note"] for event in healing.medic.kube.events(POD, "RestartingAllContainers"))


def test_events_tell_of_the_restart_before_it_and_of_the_recovery_after_it(healing: Healing) -> None:
    before_exit = [event["reason"] for event in healing.events_at_exit]
    assert {"FailureConfirmed", "Draining", "RestartingAllContainers"} <= set(before_exit)
    all_events = [event["reason"] for event in healing.medic.kube.events(POD)]
    assert {"Restarted", "Recovered"} <= set(all_events)


def test_metrics_tell_of_the_recovery(healing: Healing) -> None:
    medic = healing.medic
    assert medic.metric('podmedic_restarts_recorded{outcome="Recovered"}') == 1
    assert medic.metric('podmedic_phase{phase="Watching"}') == 1
    assert medic.metric('podmedic_probe_failing{probe="engine"}') == 0
    seconds = medic.metric("podmedic_last_recovery_seconds")
    assert seconds is not None and 0 < seconds < 30


def test_a_canary_heals_a_server_whose_health_answers_while_its_work_hangs(cluster: Cluster, kube: Kube, images: Images) -> None:
    pod = example.with_api_access(kube, example.wedged_grpc(images))
    example.annotate(pod, "probe.podmedic.io/engine", grpc={"port": 8001, "canary": {"method": "/example.Model/Echo"}})
    example.container(pod, "engine")["livenessProbe"] = {"grpc": {"port": 8001}, "periodSeconds": 1}

    done = heal(cluster, kube, pod, "hang")
    done.report("work hangs, health SERVING")
    assert "work calls hang" in done.medic.lives_of("engine")[0], "the fault worked"
    liveness = [event["note"] for event in done.events_at_exit if "Liveness" in event.get("note", "")]
    assert liveness == [], "Kubernetes' liveness probe sees nothing of it"
    assert restarts(done.after) == dict.fromkeys(CONTAINERS, 1), "no restart but podmedic's"


def test_without_api_access_it_heals_as_well_and_says_what_is_off(cluster: Cluster, kube: Kube, images: Images) -> None:
    done = heal(cluster, kube, example.wedged_grpc(images), "stop")
    done.report("SIGSTOP, no API access")
    assert restarts(done.after) == dict.fromkeys(CONTAINERS, 1)
    assert done.medic.ledger()["restarts"][0]["outcome"] == "Recovered"
    assert [event for event in kube.events(POD) if "podmedic" in event.get("reportingController", "")] == []

    off = next(entry.text for entry in done.medic.entries() if entry.reason == "KubernetesApiOff")
    assert "no Events" in off and "no token" in off
    assert "Kubernetes API: off: there is no token" in done.medic.command("status")

