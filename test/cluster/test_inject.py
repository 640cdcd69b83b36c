"""What `podmedic inject` makes is accepted by the real API server where Pod Security `restricted` is enforced, and heals."""

from __future__ import annotations

import json
import re
import subprocess

import example
import pytest
import yaml
from cluster import Cluster
from example import Images
from kube import Kube, Object
from medic import Medic

PODMEDIC = example.ROOT / "build" / "release" / "podmedic"
LEVELS = {f"pod-security.kubernetes.io/{what}": "restricted" for what in ("enforce", "warn")}


def podmedic(*arguments: str, stdin: str) -> str:
    done = subprocess.run([PODMEDIC, *arguments], input=stdin, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def bare_pod(images: Images, name: str) -> Object:
    """The example's Pod before podmedic came into it."""
    text = podmedic("inject", "--uninject", stdin=(example.EXAMPLE / "pod.yaml").read_text())
    pod: Object = yaml.safe_load(text)
    del pod["spec"]["shareProcessNamespace"]
    assert [each["name"] for each in pod["spec"]["initContainers"]] == ["note-start"]
    pod["metadata"]["name"] = name
    for each in [*pod["spec"]["initContainers"], *pod["spec"]["containers"]]:
        each["image"] = images.model_server
        each["resources"] = {"limits": {"cpu": "200m", "memory": "64Mi"}}
    return pod


def every_workload(pod: Object) -> list[Object]:
    """Objects of all kinds that hold the Pod, one of them with a List around it."""
    template = {"metadata": {**pod["metadata"], "labels": {"app": "every"}}, "spec": pod["spec"]}
    del template["metadata"]["name"]
    once = {**template, "spec": {**pod["spec"], "restartPolicy": "Never"}}
    selector = {"selector": {"matchLabels": {"app": "every"}}}

    def workload(kind: str, spec: Object, version: str = "apps/v1") -> Object:
        return {"apiVersion": version, "kind": kind, "metadata": {"name": kind.lower()}, "spec": spec}

    listed = workload("ReplicaSet", {**selector, "template": template})
    return [
        workload("Deployment", {**selector, "template": template}),
        workload("StatefulSet", {**selector, "serviceName": "every", "template": template}),
        workload("DaemonSet", {**selector, "template": template}),
        workload("Job", {"template": once}, "batch/v1"),
        workload("CronJob", {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": once}}}, "batch/v1"),
        {"apiVersion": "v1", "kind": "List", "items": [listed, pod]},
    ]


@pytest.fixture
def restricted(kube: Kube) -> Kube:
    kube.patch("namespace", kube.namespace, {"metadata": {"labels": LEVELS}})
    return kube


@pytest.mark.parametrize("notation", ["yaml", "json"])
def test_every_workload_is_accepted_under_pod_security_restricted(restricted: Kube, images: Images, notation: str) -> None:
    objects = json.loads(json.dumps(every_workload(bare_pod(images, "every"))))  # without what is shared, else YAML has aliases
    # Documents of JSON one below the other, as `kubectl get -o json` gives them one at a time.
    as_json = "\n---\n".join(json.dumps(each, indent=2) for each in objects)
    text = yaml.safe_dump_all(objects, sort_keys=False) if notation == "yaml" else as_json
    made = podmedic("inject", "--image", images.podmedic, stdin=text)
    done = restricted.kubectl("apply", "--dry-run=server", "-o", "json", "-f", "-", stdin=made)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "no warning that a Pod would violate PodSecurity"
    assert done.stdout.count('"action": "RestartAllContainers"') == 7
    podmedic("validate", "-f", "-", stdin=made)


def test_an_injected_pod_stays_guaranteed_and_is_healed(cluster: Cluster, restricted: Kube, images: Images) -> None:
    made = podmedic("inject", "--image", images.podmedic, stdin=json.dumps(bare_pod(images, "injected")))
    restricted.apply(json.loads(made))
    medic = Medic(cluster, restricted, "injected")
    assert restricted.wait_ready("injected")["status"]["qosClass"] == "Guaranteed"
    medic.wait_until_well()
    medic.fault("stop")
    medic.wait_for_reason("Recovered")
    assert medic.ledger()["restarts"][0]["outcome"] == "Recovered"
    assert medic.reasons().count("RestartingAllContainers") == 1
    assert re.search(r"Recovered +all containers; recovered in ", medic.command("status"))
    told = medic.command("explain")
    assert re.search(r"budget\.restarts +3 +annotation\n", told) and re.search(r"warmUp\.maxSeconds +900 +default\n", told), told
    assert "now\n  phase Watching, mode Enforce\n" in told and "probe engine: " in told, told
