"""RestartContainer: a wedged shipper beside a model server is replaced, and the model server does not notice."""

from __future__ import annotations

import os
import re
import signal

import example
from kube import Object, container_status, wait_for
from medic import Medic, in_order
from scenarios import Scene, scenario


def pod_with_shipper(scene: Scene, name: str, api: bool = True, rule: bool = True, grace: int = 5, **probe: object) -> Object:
    """The model server `engine`, and `shipper`, an HTTP server whose probe asks for its restart alone."""
    pod = scene.pod(name, api=False)
    shipper = {
        **example.container(pod, "engine"),
        "name": "shipper",
        "command": ["/model-server", "http-server", "--port", "15000", "--record", "/data/hooks"],
        "env": [{"name": "PODMEDIC_CONTAINER", "value": "shipper"}],
        "ports": [],
    }
    del shipper["readinessProbe"]
    pod["spec"]["containers"].append(shipper)
    if not rule:
        del example.container(pod, "podmedic")["restartPolicyRules"]
        example.annotate(pod, "probe.podmedic.io/engine", onFailure="Observe")
    fields = {
        "http": {"url": "http://127.0.0.1:15000/"},
        "container": "shipper",
        "onFailure": "RestartContainer",
        "periodSeconds": 1,
        "failureThreshold": 2,
        "terminationGracePeriodSeconds": grace,
        **probe,
    }
    example.annotate(pod, "probe.podmedic.io/shipper", **fields)
    return example.with_api_access(scene.kube, pod) if api else pod


def process_of(scene: Scene, medic: Medic, container: str) -> tuple[int, str]:
    """The main process as the host sees it: its pid, and when it started."""
    pid = scene.kube.host_pids(medic.pod, container)[0]
    with open(f"/proc/{pid}/stat") as file:
        return pid, file.read().rpartition(")")[2].split()[19]


def stop_shipper(scene: Scene, medic: Medic) -> None:
    os.kill(scene.kube.host_pids(medic.pod, "shipper")[0], signal.SIGSTOP)


def restart_counts(scene: Scene, medic: Medic) -> dict[str, int]:
    return {name: scene.restarts(medic, name) for name in ("podmedic", "engine", "shipper")}


def wait_for_restart(scene: Scene, medic: Medic, count: int = 1) -> None:
    wait_for(lambda: scene.restarts(medic, "shipper"), lambda n: n >= count, "shipper to restart", lambda _: medic.tail())


@scenario
def test_a_wedged_container_is_replaced_alone_and_the_model_server_keeps_its_process(scene: Scene) -> None:
    medic = scene.start(pod_with_shipper(scene, "shipper"))
    medic.wait_until_well()
    engine, podmedic = process_of(scene, medic, "engine"), process_of(scene, medic, "podmedic")
    stop_shipper(scene, medic)
    wait_for_restart(scene, medic)
    (restart,) = scene.wait_for_outcomes(medic, "Recovered")

    assert process_of(scene, medic, "engine") == engine
    assert process_of(scene, medic, "podmedic") == podmedic
    assert restart_counts(scene, medic) == {"podmedic": 0, "engine": 0, "shipper": 1}
    assert (restart["scope"], restart["probe"], restart["exited"]) == ("shipper", "shipper", True)
    assert in_order(["Suspected", "FailureConfirmed", "Draining", "RestartingContainer", "Recovered"], medic.reasons())
    scene.kube.wait_for_events(medic.pod, "RestartingContainer", "Recovered")
    medic.wait_for_metric('podmedic_restarts_recorded{outcome="Recovered"}', 1)
    medic.wait_for_metric('podmedic_container_phase{container="shipper",phase="Watching"}', 1)
    wait_for(lambda: medic.mirrored().get("scope"), lambda scope: scope == "shipper", "the mirrored restart")
    scene.kube.wait_ready(medic.pod)


@scenario
def test_a_pod_without_the_rule_works_and_is_not_told_that_it_only_observes(scene: Scene) -> None:
    medic = scene.start(pod_with_shipper(scene, "shipper-without-rule", rule=False))
    medic.wait_until_well()
    stop_shipper(scene, medic)
    wait_for_restart(scene, medic)
    scene.wait_for_outcomes(medic, "Recovered")
    assert "RestartNotSupported" not in medic.reasons()


@scenario
def test_the_kubelet_s_crash_loop_back_off_is_waited_for_and_not_fought(scene: Scene) -> None:
    medic = scene.start(pod_with_shipper(scene, "shipper-twice"))
    medic.wait_until_well()
    for count in (1, 2):  # the second end comes soon after the first, so that the kubelet waits for 10 s
        stop_shipper(scene, medic)
        wait_for_restart(scene, medic, count)
        scene.wait_for_outcomes(medic, *["Recovered"] * count)
    assert restart_counts(scene, medic) == {"podmedic": 0, "engine": 0, "shipper": 2}


@scenario
def test_another_uid_is_refused_and_said_and_nothing_is_restarted(scene: Scene) -> None:
    pod = pod_with_shipper(scene, "shipper-of-another-uid")
    example.container(pod, "shipper")["securityContext"] |= {"runAsUser": 65531, "runAsGroup": 65532}
    medic = scene.start(pod)
    medic.wait_until_well()
    entry = medic.wait_for_reason("RestartNotSupported")
    assert "uid 65532) may not signal" in entry.text and "uid 65531" in entry.text and "runAsUser" in entry.text
    stop_shipper(scene, medic)
    medic.wait_for_reason("WouldRestartContainer")
    scene.wait_for_checks(medic, "Fail", 4, probe="shipper")
    assert restart_counts(scene, medic) == {"podmedic": 0, "engine": 0, "shipper": 0}
    scene.expect_left_alone(medic)


@scenario
def test_a_container_that_the_kubelet_would_not_bring_back_is_not_ended(scene: Scene) -> None:
    pod = pod_with_shipper(scene, "shipper-on-failure")
    pod["spec"]["restartPolicy"] = "OnFailure"
    medic = scene.start(pod)
    medic.wait_until_well()
    entry = medic.wait_for_reason("RestartNotSupported")
    assert "restartPolicy OnFailure" in entry.text
    stop_shipper(scene, medic)
    medic.wait_for_reason("WouldRestartContainer")
    scene.expect_left_alone(medic)


@scenario
def test_a_person_can_ask_for_one_container_without_a_probe_for_it(scene: Scene) -> None:
    pod = pod_with_shipper(scene, "shipper-by-request")
    del pod["metadata"]["annotations"]["probe.podmedic.io/shipper"]
    medic = scene.start(pod)
    engine = process_of(scene, medic, "engine")
    assert "container shipper" in medic.command("restart", "--reason", "new settings", "--container", "shipper")
    wait_for_restart(scene, medic)
    (restart,) = scene.wait_for_outcomes(medic, "Recovered")
    assert (restart["scope"], restart["probe"]) == ("shipper", "")
    who = restart["requestedBy"]
    assert re.fullmatch(r"podmedic restart, uid \d+, pid \d+", who)  # as the kernel knows the peer
    assert medic.status()["restarts"][-1]["requestedBy"] == who
    assert f"by {who}: new settings" in medic.wait_for_reason("RestartRequested").text
    scene.kube.wait_for_events(medic.pod, "RestartRequested")
    assert in_order(["RestartRequested", "Draining", "Drained", "RestartingContainer", "Recovered"], medic.reasons())
    assert process_of(scene, medic, "engine") == engine
    assert container_status(scene.kube.get("pod", medic.pod), "engine")["restartCount"] == 0
