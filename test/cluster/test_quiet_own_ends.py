"""Nothing happens that should not: podmedic's own sudden ends, and restarts by request."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import example
from kube import SOON_SECONDS, Object, container_status, wait_for
from medic import Medic
from scenarios import Scene, probe_status, scenario

BUDGET_OF_TWO = {"budget": {"restarts": 2, "windowSeconds": 600}}


def kill_podmedic(scene: Scene, medic: Medic) -> None:
    """kill -9, and waits until the kubelet has started it anew."""
    before = scene.restarts(medic, "podmedic")
    os.kill(scene.kube.host_pids(medic.pod, "podmedic")[0], signal.SIGKILL)

    def started_anew(pod: Object) -> bool:
        status = container_status(pod, "podmedic")
        return status["restartCount"] > before and status.get("started", False)

    scene.kube.wait_for("pod", medic.pod, started_anew, "podmedic to be started anew")


@scenario
def test_after_three_sudden_ends_it_starts_in_safe_mode_ready_and_judging_nothing(scene: Scene) -> None:
    medic = scene.start(scene.pod("safe-mode"))
    for _ in range(3):
        kill_podmedic(scene, medic)
    said = medic.wait_for_reason("SafeMode")
    assert said.text.count("judges nothing") == 1
    scene.signal_engine(medic, signal.SIGSTOP)
    scene.kube.wait_for("pod", medic.pod, lambda pod: not container_status(pod, "engine")["ready"], "the fault to be seen")
    status = wait_for(medic.status, lambda status: status["safeMode"] is True, "safe mode in the status")
    assert status["ready"] is True
    assert "verdict" not in probe_status(medic), "no check was made"
    medic.wait_for_metric("podmedic_safe_mode", 1)
    assert container_status(scene.kube.get("pod", medic.pod), "podmedic")["ready"]
    scene.kube.wait_for_events(medic.pod, "SafeMode")
    assert medic.ledger()["restarts"] == []


@scenario
def test_killed_while_it_drains_it_heals_the_pod_in_its_next_life_with_one_restart(scene: Scene) -> None:
    pod = scene.pod("killed-draining", policy={"drain": {"timeoutSeconds": 10, "settleSeconds": 5}})
    medic = scene.start(pod)
    scene.signal_engine(medic, signal.SIGSTOP)
    medic.wait_for_reason("Draining")
    kill_podmedic(scene, medic)
    scene.wait_for_outcomes(medic, "Recovered")


@scenario
def test_killed_between_the_ledgers_entry_and_the_exit_it_heals_within_the_budget(scene: Scene) -> None:
    # The hook keeps it between the two for 5 s.
    pod = scene.pod("killed-committed", policy=BUDGET_OF_TWO)
    hold = {"waitFor": {"file": "/var/lib/podmedic/never"}, "phase": "Quiesce", "timeoutSeconds": 5}
    example.annotate(pod, "hook.podmedic.io/hold", **hold)
    medic = scene.start(pod)
    scene.signal_engine(medic, signal.SIGSTOP)
    wait_for(lambda: medic.ledger()["restarts"], bool, "the entry in the ledger on the host")
    kill_podmedic(scene, medic)
    scene.wait_for_outcomes(medic, "NotExecuted", "Recovered")
    assert medic.status()["budget"]["spent"] == 2, "an entry that was not carried out still takes its place in the budget"


@scenario
def test_killed_as_soon_as_the_ledger_has_its_entry_it_heals_within_the_budget(scene: Scene) -> None:
    medic = scene.start(scene.pod("killed-at-once", policy=BUDGET_OF_TWO))
    podmedic = os.pidfd_open(scene.kube.host_pids(medic.pod, "podmedic")[0])
    ledger = medic.volume("podmedic-state") / "ledger.json"
    scene.signal_engine(medic, signal.SIGSTOP)
    deadline = time.monotonic() + SOON_SECONDS
    while b'"wallMilliseconds"' not in ledger.read_bytes():  # the exit follows within some 100 ms
        assert time.monotonic() < deadline, medic.tail()
        time.sleep(0.002)
    with contextlib.suppress(ProcessLookupError):  # it has ended just before
        signal.pidfd_send_signal(podmedic, signal.SIGKILL)
    os.close(podmedic)
    medic.wait_for_reason("Recovered")
    scene.wait_for_checks(medic, "Pass", more=3)
    outcomes = [restart["outcome"] for restart in medic.ledger()["restarts"]]
    # The kill came before the exit, or just missed it.
    assert outcomes in (["NotExecuted", "Recovered"], ["Recovered"])


@scenario
def test_a_restart_by_request_happens_once_and_the_ledger_says_who_asked(scene: Scene) -> None:
    medic = scene.start(scene.pod("requested"))
    asked = scene.kube.exec(medic.pod, ["/podmedic", "restart", "--reason", "new weights"], "podmedic")
    assert (asked.returncode, asked.stderr) == (0, "")
    assert "restarting all containers" in asked.stdout
    (restart,) = scene.wait_for_outcomes(medic, "Recovered")
    assert (restart["reason"], restart["message"]) == ("Requested", "new weights")
    assert restart["requestedBy"].startswith("podmedic restart, uid 65532, pid ") and restart["probe"] == ""
    (event,) = wait_for(lambda: scene.kube.events(medic.pod, "RestartingAllContainers"), bool, "the Event")
    assert "new weights" in event["note"] and "uid 65532" in event["note"]
    scene.wait_for_checks(medic, "Pass", more=3)
    assert scene.restarts(medic, "podmedic") == scene.restarts(medic, "engine") == 1
