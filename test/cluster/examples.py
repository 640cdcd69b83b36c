"""The manifests of examples/ on the test cluster: the very files, with the images of the node.

An image that has a public name is made here of Debian's package of the same software. Where there is none, a stand-in
of ours has its ports and takes its arguments.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

import example
from cluster import Cluster
from debian import files_of, with_libraries
from images import write_archive
from kube import Object
from layout import IMAGES
from scenarios import Scene

_EXAMPLES = example.ROOT / "examples"
_PATH = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    """How an image is made, and what its entrypoint is."""

    files: Callable[[], Mapping[str, Path | bytes]]
    entrypoint: Sequence[str] = ()


def _python(**programs: str) -> dict[str, Path]:
    """The interpreter that runs these tests, and programs of ours at /srv."""
    version = f"python3.{sys.version_info.minor}"
    packages = ["python3-minimal", f"{version}-minimal", f"lib{version}-minimal", f"lib{version}-stdlib"]
    ours = {f"srv/{name}.py": example.ROOT / program for name, program in programs.items()}
    return {**files_of(*packages, "python3-prometheus-client", "python3-decorator"), **ours}


def _envoy() -> dict[str, Path]:
    """The one that the proxies' tests run, too."""
    directory = example.ROOT / "build" / "third_party"
    subprocess.run([example.ROOT / "test" / "tools" / "fetch_envoy.sh", directory], check=True)
    (program,) = directory.glob("envoy-*/envoy")
    return {**with_libraries([program]), "usr/bin/envoy": program}


PUBLIC = {
    "nginxinc/nginx-unprivileged:1.27": Image(lambda: files_of("nginx")),
    "rsyslog/rsyslog-minimal:latest": Image(lambda: files_of("rsyslog")),
    "nats:2.10": Image(lambda: files_of("nats-server"), ["/usr/sbin/nats-server"]),
    "redis:7.0": Image(lambda: files_of("redis-server", "redis-tools")),
    "oliver006/redis_exporter:v1.45.0": Image(
        lambda: files_of("prometheus-redis-exporter"), ["/usr/bin/prometheus-redis-exporter"]
    ),
    "envoyproxy/envoy:v1.40.0": Image(_envoy),
    "python:3.12-slim": Image(_python),
    # A stand-in whose calls can be made to hang while its healths answer.
    "qdrant/qdrant:v1.12.4-unprivileged": Image(
        lambda: {"model-server": example.MODEL_SERVER}, ["/model-server", "--port", "6334", "--http-port", "6333"]
    ),
    # A stand-in with vLLM's metrics and its streams; it opens its port some seconds after its start.
    "vllm/vllm-openai:v0.9.2": Image(
        lambda: _python(inference="test/judgement/servers/inference.py"),
        ["/usr/bin/python3", "/srv/inference.py", "--host", "0.0.0.0", "--pids", "/dev/shm", "--load", "6"],
    ),
}


@dataclass
class _Loaded:
    """The images that the node has, by their public names: each is made once, by whoever needs it first."""

    names: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def name(self, cluster: Cluster, public: str) -> str:
        with self.lock:
            if public not in self.names:
                image = PUBLIC[public]
                local = public.replace("/", "-").replace(":", "-")
                archive = IMAGES / f"{local}.oci.tar"
                write_archive(archive, image.files(), image.entrypoint, environment={"PATH": _PATH})
                self.names[public] = cluster.load_image(archive, f"{local}:test")
            return self.names[public]


_loaded = _Loaded()


def manifest(scene: Scene, path: str) -> list[Object]:
    """All objects of a file of examples/, with the images of the node."""
    objects = [each for each in yaml.safe_load_all((_EXAMPLES / path).read_text()) if each]
    for spec in _pod_specs(objects):
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            public = container["image"]
            container["image"] = scene.images.podmedic if public == "podmedic:dev" else _loaded.name(scene.cluster, public)
    return objects


def _pod_specs(value: Any) -> Iterator[Object]:
    """Found by their shape, in workloads of every kind."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    if isinstance(value, dict) and "containers" in value:
        yield value
    for each in inner:
        yield from _pod_specs(each)


def apply_pod(scene: Scene, path: str, change: Callable[[Object], None]) -> Object:
    """Applies the objects of a file with one Pod among them, which `change` may change before; returns the Pod."""
    objects = manifest(scene, path)
    (pod,) = (each for each in objects if each["kind"] == "Pod")
    change(pod)
    for each in objects:
        scene.kube.apply(each)
    return pod
