"""examples/statefulset-fleet-turn: three replicas hang at once, and are restarted one at a time."""

from __future__ import annotations

import signal

import example
import examples
import fleet
from cluster import Cluster
from example import Images
from fleet import POLICY, Fleet
from kube import Kube, Object
from scenarios import Scene


def hastened(objects: list[Object]) -> list[Object]:
    """With short times."""
    (replicas,) = (each for each in objects if each["kind"] == "StatefulSet")
    template = replicas["spec"]["template"]
    own = example.annotation(template, "podmedic.io/policy")
    short = {name: {**own.get(name, {}), **fields} for name, fields in POLICY.items() if name != "fleet"}
    example.annotate(template, "podmedic.io/policy", **short, fleet={**own["fleet"], "coolDownSeconds": 2})
    example.annotate(template, "probe.podmedic.io/engine", periodSeconds=1, timeoutSeconds=1)
    return objects


def test_three_replicas_that_hang_are_restarted_one_at_a_time(cluster: Cluster, kube: Kube, images: Images) -> None:
    kube.apply((example.ROOT / "deploy" / "rbac.yaml").read_text())
    scene = Scene(cluster, kube, images)
    replicas = Fleet(cluster, kube, 3, hastened(examples.manifest(scene, "statefulset-fleet-turn/statefulset.yaml")))
    with kube.watch("pod") as watch:
        replicas.wedge(replicas.names(), by=signal.SIGUSR1)
        replicas.wait_until_restarted(1)
        replicas.wait_until_healthy()
    most, which = fleet.most_out(watch)
    assert most == 1, which
    assert replicas.restarts() == {"vectors-0": 1, "vectors-1": 1, "vectors-2": 1}
    assert [each["metadata"]["name"] for each in kube.items("lease")] == ["podmedic-statefulset-vectors-0"]
    waited = [name for name in replicas.names() if "WaitingToRestart" in replicas.medic(name).reasons()]
    assert len(waited) == 2, "each refusal is told"
