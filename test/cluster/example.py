"""The Pod of examples/wedged-grpc on the test cluster: its images, and the Pod with changes."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cluster import Cluster
from images import write_archive
from kube import Kube, Object
from layout import IMAGES
from progress import ClusterError

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "examples" / "wedged-grpc"
MODEL_SERVER = ROOT / "build" / "release" / "test" / "servers" / "model-server"


@dataclass(frozen=True)
class Images:
    """The names under which the node knows them."""

    podmedic: str
    model_server: str
    other_model_server: str  # the same program in another image


def load_images(cluster: Cluster) -> Images:
    """Builds the release image and the model server's, and loads both into the node."""
    _run("deploy/image.sh")
    podmedic = cluster.load_image(ROOT / "build" / "podmedic.oci.tar", "podmedic:dev")
    _run("cmake", "--build", "--preset", "release", "--target", "model-server")
    program = {"model-server": MODEL_SERVER}
    archive = write_archive(IMAGES / "model-server.oci.tar", program, ["/model-server"])
    other = write_archive(IMAGES / "other-model-server.oci.tar", program, ["/model-server"], environment={"OTHER": "1"})
    return Images(podmedic, cluster.load_image(archive, "model-server:dev"), cluster.load_image(other, "model-server:other"))


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise ClusterError(f"{' '.join(command)} failed:\n{done.stdout[-4000:]}")


def wedged_grpc(images: Images, name: str = "wedged-grpc") -> Object:
    """The example's Pod as it stands there, with the images of the node; the caller changes what a test is about."""
    pod: Object = yaml.safe_load((EXAMPLE / "pod.yaml").read_text())
    pod["metadata"]["name"] = name
    known = {"podmedic:dev": images.podmedic, "model-server:dev": images.model_server}
    for each in [*pod["spec"]["initContainers"], *pod["spec"]["containers"]]:
        each["image"] = known[each["image"]]
    return pod


def container(pod: Object, name: str) -> Object:
    """A container of a manifest, of any kind."""
    return next(each for each in [*pod["spec"]["initContainers"], *pod["spec"]["containers"]] if each["name"] == name)


def annotation(pod: Object, name: str) -> Object:
    """What an annotation that holds a YAML object says; {} where there is none."""
    return yaml.safe_load(pod["metadata"]["annotations"].get(name, "{}"))


def annotate(pod: Object, name: str, **fields: Any) -> None:
    """Replaces fields of an annotation that holds a YAML object: annotate(pod, "podmedic.io/policy", hold="Unready")."""
    pod["metadata"]["annotations"][name] = json.dumps({**annotation(pod, name), **fields})


def with_api_access(kube: Kube, pod: Object) -> Object:
    """The Pod with what deploy/ gives: ServiceAccount, Role, and podmedic's own token. Applies the first two."""
    kube.apply((ROOT / "deploy" / "rbac.yaml").read_text())
    patch = str(ROOT / "deploy" / "api-access.yaml")
    patched = kube.kubectl(
        "patch", "--local", "-f", "-", "--type", "strategic", "--patch-file", patch, "-o", "json", stdin=json.dumps(pod)
    )
    assert patched.returncode == 0, patched.stderr
    return json.loads(patched.stdout)


def scenario_reasons() -> list[str]:
    """The phases that must follow the fault, in this order, as the reasons that podmedic gives for them."""
    scenario = yaml.safe_load((EXAMPLE / "scenario.yaml").read_text())
    return [phase["reason"] for phase in scenario["phases"]]
