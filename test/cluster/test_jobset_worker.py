"""examples/jobset-worker: a worker of a JobSet hangs, goes on from its checkpoint in the same Pod, and the JobSet completes."""

from __future__ import annotations

import os
import signal

import example
import examples
from cluster import Cluster
from example import Images
from jobset_controller import DEFAULTS, jobset_controller
from kube import Kube, Object, condition, container_status, is_ready, wait_for
from medic import Medic
from scenarios import SHORT_POLICY, Scene


def hastened(objects: list[Object]) -> list[Object]:
    """With short times, and what JobSet's webhook would set."""
    (jobset,) = (each for each in objects if each["kind"] == "JobSet")
    jobset["spec"] |= DEFAULTS
    template = jobset["spec"]["replicatedJobs"][0]["template"]["spec"]["template"]
    short = {name: fields for name, fields in SHORT_POLICY.items() if name != "drain"}
    example.annotate(template, "podmedic.io/policy", **short)
    heartbeat = {"file": "/data/heartbeat", "maxAgeSeconds": 3}
    example.annotate(template, "probe.podmedic.io/training", heartbeat=heartbeat, periodSeconds=1, failureThreshold=2)
    steps = {"name": "STEPS", "value": "120"}
    worker = example.container(template, "worker")
    worker["env"] = [steps if each["name"] == "STEPS" else each for each in worker["env"]]
    worker["env"] = [{**each, "value": "0.3"} if each["name"] == "STEP_SECONDS" else each for each in worker["env"]]
    return objects


def test_a_worker_that_hangs_goes_on_in_its_pod_and_the_jobset_completes(cluster: Cluster, kube: Kube, images: Images) -> None:
    with jobset_controller(kube):
        for each in hastened(examples.manifest(Scene(cluster, kube, images), "jobset-worker/jobset.yaml")):
            kube.apply(each)
        pods = wait_for(lambda: kube.items("pod"), lambda found: [is_ready(each) for each in found] == [True] * 2, "two workers")
        uids = {pod["metadata"]["uid"] for pod in pods}
        ill, well = (Medic(cluster, kube, pod["metadata"]["name"]) for pod in pods)
        for medic in (ill, well):
            medic.wait_until_well()
        os.kill(kube.host_pids(ill.pod, "worker")[0], signal.SIGSTOP)
        ill.wait_for_reason("Recovered")

        def is_complete(jobset: Object) -> bool:
            return (condition(jobset, "Completed") or {}).get("status") == "True"

        completed = kube.wait_for("jobset", "jobset-worker", is_complete, "to complete")
        assert completed["status"].get("restarts", 0) == 0
        after = kube.items("pod")
        assert {pod["metadata"]["uid"] for pod in after} == uids, "no Pod was made anew"
        restarts = {pod["metadata"]["name"]: container_status(pod, "worker")["restartCount"] for pod in after}
        assert restarts == {ill.pod: 1, well.pod: 0}
        first, second = ill.lives_of("worker")
        assert "begins at step 0" in first and "begins at step 0" not in second and "ends at step 120" in second
