"""Nothing happens that should not: what is no failure, and what podmedic may not act on."""

from __future__ import annotations

import signal
import time

import example
from kube import Object
from medic import Medic
from scenarios import Scene, checks, probe_status, scenario


@scenario
def test_a_slow_server_under_load_that_answers_within_the_deadline_is_left_alone(scene: Scene) -> None:
    slow_answer = {"http": {"port": 8080, "path": "/delay/500"}, "timeoutSeconds": 1, "failureThreshold": 3}
    pod = scene.pod("slow", engine=["--work-ms", "800", "--http-port", "8080"], delay=slow_answer)
    canary = {"port": 8001, "canary": {"method": "/example.Model/Echo"}}
    example.annotate(pod, "probe.podmedic.io/engine", grpc=canary, timeoutSeconds=2)
    load = ["/model-server", "call", "--address", "127.0.0.1:8001", "--rate", "50", "--seconds", "600", "--timeout-ms", "5000"]
    pod["spec"]["containers"].append({**example.container(pod, "engine"), "name": "load", "command": load})
    for field in ("readinessProbe", "ports"):
        del pod["spec"]["containers"][-1][field]
    pod["spec"]["containers"][-1]["env"] = [{"name": "PODMEDIC_CONTAINER", "value": "load"}]
    medic = scene.start(pod)
    for probe in ("engine", "delay"):
        scene.wait_for_checks(medic, "Pass", more=8, probe=probe)
    assert probe_status(medic, "delay")["durationSeconds"] >= 0.5, "it is slow indeed"
    assert probe_status(medic)["durationSeconds"] >= 0.8
    scene.expect_left_alone(medic)
    assert "FailureConfirmed" not in medic.reasons()


@scenario
def test_a_server_that_halts_for_less_than_the_threshold_is_left_alone(scene: Scene) -> None:
    pod = scene.pod("halting")
    example.annotate(pod, "probe.podmedic.io/engine", failureThreshold=8)
    medic = scene.start(pod)
    for _ in range(3):  # failures count in a row: the passes between the halts begin anew
        scene.signal_engine(medic, signal.SIGSTOP)
        scene.wait_for_checks(medic, "Fail", more=3)
        scene.signal_engine(medic, signal.SIGCONT)
        scene.wait_for_checks(medic, "Pass", more=2)
    assert checks(medic, "Fail") >= 9, "more than the threshold, in all"
    scene.expect_left_alone(medic)
    assert "Suspected" not in medic.reasons()


UNKNOWN: dict[str, tuple[Object, str]] = {  # a probe, and what podmedic says that it cannot do
    # A dependency by name: may only observe, so that it never restarts a fleet
    "grpc-by-name": ({"grpc": {"port": 8001, "host": "dependency.invalid"}}, "dependency.invalid"),
    "http-by-name": ({"http": {"port": 80, "host": "dependency.invalid"}}, "dependency.invalid"),
    "tcp-by-name": ({"tcpSocket": {"port": 80, "host": "dependency.invalid"}}, "dependency.invalid"),
    # A program that is not in podmedic's image
    "program": ({"exec": {"command": ["/checks/alive"]}}, "/checks/alive: No such file or directory"),
    # A container that there is not, and one that has completed
    "nobody": ({"grpc": {"port": 8001}, "container": "ghost"}, "container ghost has no process"),
    "completed": ({"grpc": {"port": 8001}, "container": "note-start"}, "container note-start has no process"),
    # Files that cannot be read: of certificates
    "file": ({"http": {"scheme": "HTTPS", "port": 8001, "tls": {"caFile": "/certs/ca.crt"}}}, "/certs/ca.crt"),
}


@scenario
def test_what_cannot_be_asked_restarts_nothing_and_is_told(scene: Scene) -> None:
    pod = scene.pod("unknown", **{probe: fields for probe, (fields, _) in UNKNOWN.items()})
    completed = {**example.container(example.wedged_grpc(scene.images), "note-start")}
    pod["spec"]["initContainers"].append(completed)
    medic = scene.start(pod)
    scene.wait_for_checks(medic, "Unknown", probe="completed", more=1)
    while_it_ran = checks(medic, "Fail", "completed")  # it had a process then, and nobody listened
    for probe, (_, told) in UNKNOWN.items():
        scene.wait_for_checks(medic, "Unknown", probe=probe, more=max(0, 6 - checks(medic, "Unknown", probe)))
        shown = probe_status(medic, probe)
        assert shown["verdict"] == "Unknown" and told in shown["message"], shown
        assert checks(medic, "Fail", probe) == (while_it_ran if probe == "completed" else 0), probe
    assert checks(medic, "Pass") > 0, "the probe that can ask does"
    assert medic.status()["phase"] == "Watching"
    scene.expect_left_alone(medic)


TOKEN = "/var/run/secrets/podmedic/token"
WELL: dict[str, Object] = {  # what sees more than answers, on what a real kubelet gives: cgroups, sockets, a bound token
    "process": {"process": {"maxOpenFiles": "90%", "maxThreads": 1000, "spinningSeconds": 60}},
    "memory": {"memory": {"maxUsage": "90%", "timeToLimitSeconds": 60, "limit": "1Gi"}},
    "connections": {"connections": {"listenPorts": [8001], "peerPorts": [443]}, "onFailure": "RestartAllContainers"},
    "progress": {"progress": {"port": 9484, "pending": "podmedic_ready", "counter": "podmedic_probe_checks_total", "stalledSeconds": 10}},
    "credential": {"credential": {"file": TOKEN}},
    "settings": {"configChange": {"files": [TOKEN.replace("token", "ca.crt")]}},
}


@scenario
def test_probes_of_processes_memory_sockets_and_files_pass_on_a_pod_that_is_well(scene: Scene) -> None:
    medic = scene.start(scene.pod("well", **WELL))
    for probe in WELL:
        scene.wait_for_checks(medic, "Pass", more=5, probe=probe)
        assert checks(medic, "Fail", probe) == 0 and probe_status(medic, probe)["verdict"] == "Pass", probe_status(medic, probe)
    scene.expect_left_alone(medic)


@scenario
def test_observe_is_the_default_and_only_says_what_it_would_do(scene: Scene) -> None:
    pod = scene.pod("observing")
    del pod["metadata"]["annotations"]["podmedic.io/mode"]
    medic = scene.start(pod)
    expect_wedged_and_observed(scene, medic, "ObserveMode")

    refused = scene.kube.exec(medic.pod, ["/podmedic", "restart", "--reason", "new weights"], "podmedic")
    assert refused.returncode == 1
    assert "podmedic.io/mode is Observe" in refused.stderr and refused.stdout == ""
    # Who may annotate a Pod cannot make it restart.
    scene.kube.annotate("pod", medic.pod, **{"podmedic.io/mode": "Enforce"})
    refusal = medic.wait_for_reason("ConfigurationMistake")
    assert "podmedic.io/mode" in refusal.text
    scene.kube.wait_for_events(medic.pod, "ConfigurationMistake")
    scene.wait_for_checks(medic, "Fail", more=5)
    assert medic.status()["mode"] == "Observe"
    scene.expect_left_alone(medic)


@scenario
def test_while_it_is_paused_it_restarts_nothing_and_when_the_pause_is_lifted_it_does(scene: Scene) -> None:
    pod = scene.pod("paused", api=False)
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    pod["metadata"]["annotations"]["podmedic.io/paused-until"] = until
    medic = scene.start(pod)
    expect_wedged_and_observed(scene, medic, "Paused")
    scene.kube.annotate("pod", medic.pod, **{"podmedic.io/paused-until": None})
    # The kubelet's refresh of a downwardAPI volume may take up to 90 s (here it is about one).
    scene.wait_for_outcomes(medic, "Recovered")
    assert scene.restarts(medic, "podmedic") == 1


@scenario
def test_a_precondition_that_does_not_hold_keeps_a_wedged_pod_from_its_restart_and_one_that_holds_lets_it_go(scene: Scene) -> None:
    def gate(name: str) -> Object:  # tells its own name to whoever asks
        server = {"name": "gate", "image": "localhost/actor:1", "imagePullPolicy": "Never", "args": ["serve=:8080", "pause"]}
        metadata = {"name": name, "labels": {"gate": name}}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [server], "terminationGracePeriodSeconds": 0}}

    def service(selects: str) -> Object:
        spec = {"selector": {"gate": selects}, "ports": [{"port": 80, "targetPort": 8080}]}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "gate"}, "spec": spec}

    for name in ("gate-red", "gate-green"):
        scene.kube.apply(gate(name))
        scene.kube.wait_ready(name)
    scene.kube.apply(service("gate-red"))
    address = scene.kube.get("service", "gate")["spec"]["clusterIP"]
    asks = {"http": {"url": f"http://{address}/", "bodyContains": "gate-green"}}
    medic = scene.start(scene.pod("gated", policy={"preconditions": [asks]}))
    scene.signal_engine(medic, signal.SIGSTOP)
    told = medic.wait_for_reason("WaitingToRestart")
    assert "the body does not contain" in told.text
    assert [refusal["reason"] for refusal in medic.status()["restartForbiddenBy"]] == ["PreconditionNotMet"]
    medic.wait_for_metric('podmedic_restart_forbidden{scope="Pod",reason="PreconditionNotMet"}', 1)
    scene.kube.wait_for_events(medic.pod, "WaitingToRestart")
    scene.wait_for_checks(medic, "Fail", more=5)
    scene.expect_no_restart(medic)
    scene.kube.apply(service("gate-green"))
    scene.wait_for_outcomes(medic, "Recovered")
    assert scene.restarts(medic, "podmedic") == 1
    assert medic.reasons(life=0).count("WaitingToRestart") == 1
    for name in ("gate-red", "gate-green"):
        scene.kube.delete("pod", name, grace_seconds=0)
    scene.kube.delete("service", "gate")


def expect_wedged_and_observed(scene: Scene, medic: Medic, why: str) -> None:
    """Stops the server. podmedic says once that it would restart, and why it does not, for as long as one likes."""
    scene.signal_engine(medic, signal.SIGSTOP)
    would = medic.wait_for_reason("WouldRestartAllContainers")
    assert "and does not" in would.text
    scene.wait_for_checks(medic, "Fail", more=6)
    status = medic.status()
    assert status["ready"] is True
    assert why in [refusal["reason"] for refusal in status["restartForbiddenBy"]]
    assert medic.reasons().count("WouldRestartAllContainers") == 1
    assert "Draining" not in medic.reasons()
    scene.expect_left_alone(medic)
