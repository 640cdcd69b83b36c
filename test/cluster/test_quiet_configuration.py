"""Nothing happens that should not: wrong and hostile configuration, and surroundings in which podmedic must not end."""

from __future__ import annotations

import json
import signal

import example
from kube import Object, container_status, wait_for
from medic import Medic
from scenarios import Scene, scenario


@scenario
def test_an_edit_of_annotations_cannot_widen_what_podmedic_does(scene: Scene) -> None:
    medic = scene.start(scene.pod("edited"))
    for annotation, value in {
        # Retargets the probe: to a port where nobody listens
        "probe.podmedic.io/engine": '{"grpc": {"port": 9999}, "container": "engine", "periodSeconds": 1}',
        # Adds a probe, and a hook that executes
        "probe.podmedic.io/more": '{"tcpSocket": {"port": 9999}, "container": "engine", "periodSeconds": 1}',
        "hook.podmedic.io/more": '{"exec": {"command": ["/podmedic", "--version"]}, "phase": "Drain"}',
    }.items():
        scene.kube.annotate("pod", medic.pod, **{annotation: value})
        expect_told_by_event(scene, medic, "ConfigurationMistake", annotation)
    scene.wait_for_checks(medic, "Pass", more=5)
    status = medic.status()
    assert [probe["name"] for probe in status["probes"]] == ["engine"]
    assert "8001" in status["probes"][0]["target"]

    scene.kube.annotate("pod", medic.pod, **{"podmedic.io/mode": "Observe"})
    wait_for(lambda: medic.status()["mode"], lambda mode: mode == "Observe", "the lower mode to be taken")
    for annotation in ("probe.podmedic.io/engine", "probe.podmedic.io/more", "hook.podmedic.io/more"):
        told = [entry.text for entry in medic.entries() if entry.reason == "ConfigurationMistake" and annotation in entry.text]
        assert len(told) == 1, "each refusal is told once, however many edits follow"
    scene.expect_left_alone(medic)


def expect_told_by_event(scene: Scene, medic: Medic, reason: str, *words: str) -> Object:
    """An Event of that reason that has all of the words."""

    def matching() -> list[Object]:
        return [event for event in scene.kube.events(medic.pod, reason) if all(word in event["note"] for word in words)]

    return wait_for(matching, bool, f"an Event {reason} with {words}")[0]


@scenario
def test_one_configmap_stops_all_restarts_of_a_fleet_and_gives_them_back(scene: Scene) -> None:
    pod = scene.pod("overridden")
    volume = {"name": "podmedic-override", "configMap": {"name": "kill-switch", "optional": True}}
    pod["spec"]["volumes"].append(volume)
    mount = {"name": "podmedic-override", "mountPath": "/etc/podmedic/override"}
    example.container(pod, "podmedic")["volumeMounts"].append(mount)
    medic = scene.start(pod)
    assert medic.status()["mode"] == "Enforce"

    def switch(mode: str) -> None:
        scene.kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kill-switch"}, "data": {"mode": mode}})
        # The kubelet mounts it when it next looks at the Pod: at any change, or about once a minute.
        scene.kube.annotate("pod", medic.pod, switched=mode)

    switch("Observe")
    wait_for(lambda: medic.status()["mode"], lambda mode: mode == "Observe", "the override to be taken")
    scene.signal_engine(medic, signal.SIGSTOP)
    medic.wait_for_reason("WouldRestartAllContainers")
    scene.wait_for_checks(medic, "Fail", more=3)
    scene.expect_left_alone(medic)
    switch("Obsrve")
    expect_told_by_event(scene, medic, "ConfigurationMistake", "the fleet's override of podmedic.io/mode", "did you mean Observe?")
    assert medic.status()["mode"] == "Observe", "the last good value stays"
    switch("Enforce")
    scene.wait_for_outcomes(medic, "Recovered")


EXACTLY = ("probe.podmedic.io/broken, line 2, column 1, periodSecond", "did you mean periodSeconds?")


@scenario
def test_a_mistake_is_named_exactly_and_stops_its_probe_alone(scene: Scene) -> None:
    pod = scene.pod("mistaken")
    pod["metadata"]["annotations"]["probe.podmedic.io/broken"] = "tcpSocket: {port: 9999}\nperiodSecond: 1\ncontainer: engine\n"
    medic = scene.start(pod)
    expect_told_by_event(scene, medic, "ConfigurationMistake", *EXACTLY)
    medic.wait_for_metric("podmedic_configuration_mistakes", 1)
    medic.wait_for_metric('podmedic_notices_total{reason="ConfigurationMistake"}', 1)
    assert [probe["name"] for probe in medic.status()["probes"]] == ["engine"]
    scene.wait_for_checks(medic, "Pass", more=4)
    scene.expect_left_alone(medic)
    scene.signal_engine(medic, signal.SIGSTOP)  # the other probe still works
    scene.wait_for_outcomes(medic, "Recovered")


# `podmedic run` in surroundings that are off: it stays, and says what is off.


@scenario
def test_without_the_podinfo_file_it_stays_and_judges_nothing(scene: Scene) -> None:
    pod = scene.pod("no-podinfo")
    podmedic = example.container(pod, "podmedic")
    podmedic["volumeMounts"] = [mount for mount in podmedic["volumeMounts"] if mount["name"] != "podmedic-podinfo"]
    scene.kube.apply(pod)
    medic = scene.medic_of("no-podinfo")
    scene.kube.wait_ready("no-podinfo")
    expect_said_once(scene, medic, "PodinfoUnreadable", "/etc/podmedic/podinfo/annotations")
    scene.signal_engine(medic, signal.SIGSTOP)
    expect_not_ready(scene, medic, "engine")
    assert medic.status()["probes"] == []
    scene.expect_left_alone(medic)


def expect_said_once(scene: Scene, medic: Medic, reason: str, *words: str) -> None:
    """In the log, as a metric, on /status, and as an Event."""
    entry = medic.wait_for_reason(reason)
    assert all(word in entry.text for word in words), entry.text
    expect_told_by_event(scene, medic, reason, *words)
    assert medic.reasons().count(reason) == 1
    medic.wait_for_metric(f'podmedic_notices_total{{reason="{reason}"}}', 1)
    assert [notice["reason"] for notice in medic.status()["notices"]].count(reason) == 1


def expect_not_ready(scene: Scene, medic: Medic, container: str) -> None:
    """The kubelet's own readiness probe of the server has seen the fault; podmedic's container is started and ready."""

    def seen(pod: Object) -> bool:
        return not container_status(pod, container)["ready"]

    pod = scene.kube.wait_for("pod", medic.pod, seen, f"{container} to be seen not ready")
    podmedic = container_status(pod, "podmedic")
    assert podmedic["ready"] and podmedic["started"]


@scenario
def test_without_the_rule_it_restarts_nothing(scene: Scene) -> None:
    pod = scene.pod("no-rule")
    del example.container(pod, "podmedic")["restartPolicyRules"]
    medic = scene.start(pod)
    expect_said_once(scene, medic, "RestartNotSupported", "restartPolicyRules")
    expect_wedged_and_kept(scene, medic)
    scene.expect_left_alone(medic)


@scenario
def test_without_the_rule_and_the_api_it_tries_within_the_budget_and_then_holds(scene: Scene) -> None:
    # Nothing tells podmedic that its exit will restart itself alone. Each such try takes its place in the budget.
    short = {"backoff": {"baseSeconds": 1, "capSeconds": 3}, "budget": {"restarts": 2, "windowSeconds": 600}}
    pod = scene.pod("no-rule-no-api", api=False, policy=short)
    del example.container(pod, "podmedic")["restartPolicyRules"]
    medic = scene.start(pod)
    scene.signal_engine(medic, signal.SIGSTOP)
    medic.wait_for_phase("Holding")
    scene.wait_for_outcomes(medic, "NotExecuted", "NotExecuted")
    assert "restartPolicyRules" in medic.wait_for_reason("RestartNotExecuted").text
    scene.wait_for_checks(medic, "Fail", more=5)
    assert (scene.restarts(medic, "podmedic"), scene.restarts(medic, "engine")) == (2, 0)
    assert medic.status()["ready"] is True


def expect_wedged_and_kept(scene: Scene, medic: Medic) -> None:
    """Stops the server, and waits for as many failures as two confirmations take."""
    scene.signal_engine(medic, signal.SIGSTOP)
    medic.wait_for_reason("WouldRestartAllContainers")
    scene.wait_for_checks(medic, "Fail", more=6)


@scenario
def test_without_a_shared_process_namespace_it_restarts_nothing(scene: Scene) -> None:
    pod = scene.pod("no-namespace")
    del pod["spec"]["shareProcessNamespace"]
    medic = scene.start(pod)
    expect_said_once(scene, medic, "RestartNotSupported", "shareProcessNamespace: true")
    expect_wedged_and_kept(scene, medic)
    scene.expect_left_alone(medic)


@scenario
def test_without_a_writable_ledger_it_restarts_nothing(scene: Scene) -> None:
    pod = scene.pod("read-only")
    (mount,) = [each for each in example.container(pod, "podmedic")["volumeMounts"] if each["name"] == "podmedic-state"]
    mount["readOnly"] = True
    medic = scene.start(pod)
    expect_said_once(scene, medic, "LedgerUnwritable", "Read-only file system")
    expect_said_once(scene, medic, "ListenFailed", "podmedic.sock")
    medic.wait_for_metric("podmedic_ledger_writable", 0)
    scene.signal_engine(medic, signal.SIGSTOP)
    medic.wait_for_reason("FailureConfirmed")
    # More than a cap of the back-off (20 s), after which it would be allowed to try again.
    scene.wait_for_checks(medic, "Fail", more=14)
    scene.expect_no_restart(medic)
    assert scene.restarts(medic, "engine") == 0
    assert "Draining" not in medic.reasons()
    assert [entry.text for entry in medic.entries() if "not ready" in entry.text] == []


@scenario
def test_with_its_port_in_use_it_works_and_says_so(scene: Scene) -> None:
    pod = scene.pod("port-in-use")
    # A sidecar before podmedic has the port.
    taken = {**example.container(example.wedged_grpc(scene.images), "front"), "restartPolicy": "Always"}
    taken["command"] = ["/model-server", "http-server", "--port", "9484"]
    taken["startupProbe"] = {"tcpSocket": {"port": 9484}, "periodSeconds": 1}
    pod["spec"]["initContainers"].insert(0, taken)
    scene.kube.apply(pod)
    medic = scene.medic_of("port-in-use")
    scene.kube.wait_ready("port-in-use")
    assert "0.0.0.0:9484: Address already in use" in medic.wait_for_reason("ListenFailed").text

    def status() -> Object:
        return json.loads(medic.command("status", "--json"))  # through the socket in the state volume

    status_now = wait_for(status, lambda found: found["probes"][0]["standing"] == "Healthy", "the probe to pass")
    assert [notice["reason"] for notice in status_now["notices"]].count("ListenFailed") == 1
    expect_told_by_event(scene, medic, "ListenFailed", "9484")
    scene.signal_engine(medic, signal.SIGSTOP)  # and it still does its work
    scene.wait_for_outcomes(medic, "Recovered")
