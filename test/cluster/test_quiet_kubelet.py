"""Nothing happens that should not: podmedic leaves alone what the kubelet ends, restarts or replaces by itself."""

from __future__ import annotations

import json
import signal

import example
from kube import Object, container_status, wait_for
from medic import Medic
from scenarios import Scene, probe_status, scenario

# Without this the grace that a server gets to close (30 s) would hide what these tests are about.
NO_CLOSING_GRACE = {"shutdownGraceSeconds": 0}


@scenario
def test_a_pod_that_is_deleted_while_its_server_closes_slowly_ends_in_its_own_time(scene: Scene) -> None:
    # The server shuts its port at once and ends 20 s later. Without stand-down, three failures and their confirmation would
    # restart it after 5 s. That 20 s pass proves 60 s: a podmedic that stands down has nothing left to count.
    pod = scene.pod("deleted", engine=["--shutdown-seconds", "20"], policy=NO_CLOSING_GRACE)
    pod["spec"]["terminationGracePeriodSeconds"] = 40
    medic = scene.start(pod)
    with scene.kube.watch("pod", "deleted") as watch:
        scene.kube.delete("pod", "deleted")
        closing = medic.wait_for_reason("StandingDown")
        assert "preStop" in closing.text
        seen: list[str] = []
        ended = watch.wait_for(lambda version: seen_and_ended(medic, seen, version.object, "engine"), "the server has ended")
        gone = watch.wait_for(lambda version: version.change == "DELETED", "the Pod is gone")
    assert exit_code(ended.object, "engine") == 0, "it was not killed"
    assert exit_code(gone.object, "podmedic") == 0
    assert seen[-1:] == ["StandingDown"], "podmedic has judged nothing since it stood down"
    assert "RestartingAllContainers" not in seen
    assert scene.kube.events("deleted", "RestartingAllContainers") == []


def seen_and_ended(medic: Medic, seen: list[str], pod: Object, container: str) -> bool:
    """Keeps what podmedic has said, as its log goes with the Pod."""
    seen[:] = medic.reasons() or seen
    return exit_code(pod, container) is not None


def exit_code(pod: Object, container: str) -> int | None:
    return container_status(pod, container).get("state", {}).get("terminated", {}).get("exitCode")


@scenario
def test_a_server_that_is_killed_into_the_crash_loop_back_off_is_left_to_the_kubelet(scene: Scene) -> None:
    medic = scene.start(scene.pod("crashing", policy=NO_CLOSING_GRACE))
    for death in (1, 2, 3):
        scene.signal_engine(medic, signal.SIGKILL)
        if death == 2:  # from the second crash on the kubelet waits, 10 s at first
            scene.wait_for_checks(medic, "Unknown", more=7)
            shown = probe_status(medic)
            assert shown["verdict"] == "Unknown" and "container engine has no process" in shown["message"]
        scene.kube.wait_for("pod", "crashing", lambda pod, death=death: is_running(pod, death), f"life {death} of the server")
    scene.wait_for_checks(medic, "Pass", more=1)
    scene.expect_left_alone(medic)
    assert "ProbeFailing" not in medic.reasons()


def is_running(pod: Object, restarts: int) -> bool:
    status = container_status(pod, "engine")
    return status.get("restartCount") == restarts and "running" in status["state"]


@scenario
def test_a_liveness_kill_of_a_server_that_works_is_the_kubelets_own_affair(scene: Scene) -> None:
    medic = scene.start(with_failing_liveness(scene.pod("liveness", engine=["--http-port", "8080"], policy=NO_CLOSING_GRACE)))
    wait_for_more_restarts(scene, medic, 2)
    scene.expect_left_alone(medic)


@scenario
def test_a_liveness_kill_of_a_server_that_closes_slowly_gets_its_grace(scene: Scene) -> None:
    # For 10 s the port is shut and the process is there, as it would be if the server were ill.
    pod = with_failing_liveness(scene.pod("closing", engine=["--http-port", "8080", "--shutdown-seconds", "10"]))
    pod["spec"]["terminationGracePeriodSeconds"] = 20
    medic = scene.start(pod)
    wait_for_more_restarts(scene, medic, 1)
    scene.wait_for_checks(medic, "Pass", more=1)
    assert {"ProbeFailing", "Suspected", "MayBeClosing"} <= set(medic.reasons())
    assert "FailureConfirmed" not in medic.reasons()
    scene.expect_left_alone(medic)


def wait_for_more_restarts(scene: Scene, medic: Medic, more: int) -> None:
    wanted = scene.restarts(medic, "engine") + more

    def came(pod: Object) -> bool:
        return container_status(pod, "engine")["restartCount"] >= wanted

    scene.kube.wait_for("pod", medic.pod, came, f"{more} more restarts of the server")


def with_failing_liveness(pod: Object) -> Object:
    """Fails always, by HTTP, while gRPC works. Begins when the Pod is Ready and podmedic watches."""
    failing = {"httpGet": {"port": 8080, "path": "/status/500"}, "periodSeconds": 1, "failureThreshold": 3}
    example.container(pod, "engine")["livenessProbe"] = {**failing, "initialDelaySeconds": 8}
    return pod


@scenario
def test_a_container_whose_image_is_replaced_in_place_is_left_alone(scene: Scene) -> None:
    medic = scene.start(scene.pod("image", engine=["--shutdown-seconds", "5"]))
    image = scene.images.other_model_server
    change = {"spec": {"containers": [{"name": "engine", "image": image}]}}
    patched = scene.kube.kubectl("patch", "pod", "image", "--patch", json.dumps(change))
    assert patched.returncode == 0, patched.stderr
    scene.kube.wait_for("pod", "image", lambda pod: is_running(pod, 1), "the new image to run")
    assert container_status(scene.kube.get("pod", "image"), "engine")["image"] == image
    scene.wait_for_checks(medic, "Pass", more=1)
    scene.expect_left_alone(medic)


@scenario
def test_a_job_whose_server_has_finished_completes_with_restart_policy_never(scene: Scene) -> None:
    finish_a_job(scene, "Never")


@scenario
def test_a_job_whose_server_has_finished_completes_with_restart_policy_on_failure(scene: Scene) -> None:
    finish_a_job(scene, "OnFailure")


def finish_a_job(scene: Scene, restart_policy: str) -> None:
    """podmedic is a native sidecar of the Job's Pod. The server ends well before the other main container does."""
    name = f"job-{restart_policy.lower()}"
    pod = scene.pod(name, policy=NO_CLOSING_GRACE)
    rest = {"name": "rest", "image": "localhost/actor:1", "imagePullPolicy": "Never", "args": ["await=/data/enough"]}
    pod["spec"]["containers"].append({**rest, "volumeMounts": [{"name": "data", "mountPath": "/data"}]})
    pod["spec"]["restartPolicy"] = restart_policy
    template = {"metadata": {"annotations": pod["metadata"]["annotations"]}, "spec": pod["spec"]}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}}
    scene.kube.apply({**job, "spec": {"template": template, "backoffLimit": 0}})
    (made,) = wait_for(lambda: scene.kube.items("pod", f"job-name={name}"), bool, "the Job's Pod")
    medic = scene.medic_of(made["metadata"]["name"])
    scene.wait_until_healthy(medic)

    scene.signal_engine(medic, signal.SIGTERM)
    scene.wait_for_checks(medic, "Unknown", more=7)
    assert "has no process" in probe_status(medic)["message"]
    scene.expect_left_alone(medic)
    (medic.volume("data") / "enough").touch()
    scene.kube.wait_for("job", name, lambda job: job.get("status", {}).get("succeeded") == 1, "to succeed")
    scene.expect_no_restart(medic)
    assert exit_code(scene.kube.get("pod", medic.pod), "engine") == 0
