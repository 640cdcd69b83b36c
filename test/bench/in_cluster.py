"""What only a real kubelet, kube-proxy and API server can show: how a wedged server comes back, and podmedic's memory
with the Kubernetes API in use."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import yaml

import cluster as cluster_command
import images
import planned
import replicas
from cluster_namespace import namespace
from effort import Effort
from figures import Figure, Step
from kube import Kube, Object, container_status, is_ready, wait_for
from layout import ADDRESSES
from load import Load
from local import probe
from podmedic import GRPC_PORT, HTTP_PORT, Programs
from sandbox import memory_of
from waiting import let_pass

REPOSITORY = Path(__file__).resolve().parent.parent.parent
EXAMPLE = REPOSITORY / "examples" / "wedged-grpc" / "pod.yaml"
RATE = 20
CALL_TIMEOUT_MS = 2000
MIXED_COMMAND = f"the same, and {replicas.RATE} calls/s beside it, of which one in 25 takes 3 s, with one stream of 5 s at any time"


def steps(programs: Programs, effort: Effort) -> Iterator[Step]:
    """Uses the running cluster, or one that it starts and takes down."""
    found = cluster_command.running()
    cluster = cluster_command.up()
    try:
        pods = PodMaker(_load(cluster, programs.podmedic, "podmedic"), _load(cluster, programs.model_server, "model-server"))
        yield "memory with API and TLS probes", lambda: memory_with_api(cluster.kube, pods, programs, effort)
        yield from wedge(cluster.kube, pods, programs, effort)
        yield from planned.steps(cluster, pods.example, programs, effort)
    finally:
        if found is None and os.environ.get("KEEP_CLUSTER") != "1":
            cluster_command.down()


def _load(cluster: cluster_command.Cluster, binary: Path, name: str) -> str:
    """The binary as the one file of an image that is named for its content."""
    digest = hashlib.sha256(binary.read_bytes()).hexdigest()[:12]
    image = images.full_name(f"bench-{name}:{digest}")
    if not images.is_loaded(cluster.node, image):
        archive = images.write_archive(images.IMAGES / f"bench-{name}.oci.tar", {name: binary}, entrypoint=[f"/{name}"])
        cluster.load_image(archive, image)
    return image


class PodMaker:
    """Pods made of the example, with what only its demonstration needs left out. All have Kubernetes' default grace period."""

    def __init__(self, podmedic_image: str, server_image: str) -> None:
        pod = yaml.safe_load(EXAMPLE.read_text())
        spec, meta = pod["spec"], pod["metadata"]
        meta["labels"] = {"app": "model"}
        del meta["annotations"]["hook.podmedic.io/10-front"]
        del spec["terminationGracePeriodSeconds"]
        (sidecar,) = (each for each in spec["initContainers"] if each["name"] == "podmedic")
        (engine,) = (each for each in spec["containers"] if each["name"] == "engine")
        sidecar.update(image=podmedic_image, imagePullPolicy="Never")
        engine.update(image=server_image, imagePullPolicy="Never")
        spec["initContainers"], spec["containers"] = [sidecar], [engine]
        self._pod = pod

    def example(self) -> Object:
        return copy.deepcopy(self._pod)

    def with_podmedic(self, name: str) -> Object:
        pod = self.example()
        pod["metadata"]["name"] = name
        return pod

    def with_kubernetes_probes(self, name: str, **times: int) -> Object:
        """The same server under a liveness and a readiness probe with these fields."""
        pod = self.with_podmedic(name)
        spec = pod["spec"]
        del pod["metadata"]["annotations"], spec["initContainers"], spec["shareProcessNamespace"]
        spec["volumes"] = [volume for volume in spec["volumes"] if not volume["name"].startswith("podmedic")]
        look = {"grpc": {"port": GRPC_PORT}, **times}
        spec["containers"][0].update(livenessProbe=look, readinessProbe=look)
        return pod


# A wedged server, from the signal until the Pod is Ready again


@dataclass(frozen=True)
class Variant:
    name: str
    make: Callable[[str], Object]
    load_seconds: int  # as long as it is expected to take, and a good deal more
    seconds: list[float] = field(default_factory=list)
    calls: list[Object] = field(default_factory=list)  # what became of RATE calls/s
    mixed_calls: list[Object] = field(default_factory=list)  # and of the load of replicas.MIXED beside them


def lost(calls: Sequence[Object]) -> list[float]:
    return [run["failed"] for run in calls]


def wedge(kube: Kube, pods: PodMaker, programs: Programs, effort: Effort) -> Iterator[Step]:
    ours = Variant("podmedic, grpc every 1 s, 3 failures", pods.with_podmedic, 40)
    peers = [
        Variant("liveness and readiness 1 s x 3", lambda name: pods.with_kubernetes_probes(name, periodSeconds=1), 70),
        Variant("liveness and readiness at defaults (10 s x 3)", pods.with_kubernetes_probes, 110),
    ]
    for number in range(1, effort.wedge_runs + 1):
        for variant in (ours, *peers):
            title = f"wedge {number}/{effort.wedge_runs}, {variant.name}: {variant.load_seconds} s of load"
            yield title, partial(wedge_one_of_two, kube, programs, variant)
    yield "wedge: medians", lambda: wedge_figures(ours, peers)


def wedge_figures(ours: Variant, peers: Sequence[Variant]) -> Iterator[Figure]:
    command = f"SIGSTOP to one of two replicas behind a ClusterIP; {RATE} calls/s, each on a new channel, {CALL_TIMEOUT_MS} ms timeout"
    for peer in peers:
        assert ours.seconds and peer.seconds, f"no run of {peer.name if ours.seconds else ours.name} succeeded"
        yield Figure("wedge_to_ready_s", "s", ours.seconds, command, peer=peer.name, peer_samples=peer.seconds)
        for name, of, load in (
            ("wedge_requests_lost", lambda variant: variant.calls, command),
            ("unplanned_requests_lost", lambda variant: variant.mixed_calls, MIXED_COMMAND),
        ):
            details = {"ours_calls": of(ours), "peer_calls": of(peer)}
            yield Figure(name, "calls", lost(of(ours)), load, peer=peer.name, peer_samples=lost(of(peer)), details=details)


def wedge_one_of_two(everywhere: Kube, programs: Programs, variant: Variant) -> Sequence[Figure]:
    """One run; its result is kept in the variant."""
    with namespace(everywhere, "wedge") as kube:
        seconds, calls, mixed_calls = _wedge_one_of_two(kube, programs, variant)
    variant.seconds.append(seconds)
    variant.calls.append(calls)
    variant.mixed_calls.append(mixed_calls)
    return ()


def _wedge_one_of_two(kube: Kube, programs: Programs, variant: Variant) -> tuple[float, Object, Object]:
    ports = [{"port": GRPC_PORT, "targetPort": GRPC_PORT}]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "model"}, "spec": {"selector": {"app": "model"}, "ports": ports}}
    (made,) = kube.apply(service)
    address = f"{made['spec']['clusterIP']}:{GRPC_PORT}"
    for name in ("one", "two"):
        kube.apply(variant.make(name))
    for name in ("one", "two"):
        kube.wait_ready(name)
    wait_for(lambda: _call(programs, address, 1).result()["failed"], lambda failed: failed == 0, "all calls to be answered")

    (engine, *_) = kube.host_pids("one", "engine")
    load = _call(programs, address, variant.load_seconds)
    mixed = _call(programs, address, variant.load_seconds, **replicas.MIXED)
    let_pass(2)
    with kube.watch("pod", "one") as watch:
        began = time.monotonic()
        os.kill(engine, signal.SIGSTOP)
        ready = watch.wait_for(
            lambda version: container_status(version.object, "engine")["restartCount"] > 0 and is_ready(version.object),
            "the wedged server's Pod to be Ready again",
        )
    return ready.monotonic - began, load.result(), mixed.result()


def _call(programs: Programs, address: str, seconds: int, **more: object) -> Load:
    return Load(programs.model_server, **{"address": address, "rate": RATE, "seconds": seconds, "timeout_ms": CALL_TIMEOUT_MS, **more})


# Memory with the API and TLS


def memory_with_api(kube: Kube, pods: PodMaker, programs: Programs, effort: Effort) -> Iterator[Figure]:
    with namespace(kube, "memory") as view:
        view.apply((REPOSITORY / "deploy" / "rbac.yaml").read_text())
        view.apply(tls_secret(programs))
        names = [f"medic-{number}" for number in range(effort.memory_runs)]
        for name in names:
            view.apply(with_api_and_tls(pods.with_podmedic(name)))
        for name in names:
            view.wait_ready(name)
        let_pass(effort.memory_seconds, "watching 20 probes, 10 of them by TLS")
        memory = [memory_of(view.host_pids(name, "podmedic")[0]) for name in names]
        for name in names:
            assert_all_pass(view, name)
    command = (
        f"podmedic run in a Pod with API access; 5 https, 5 grpc with TLS, 8 tcpSocket, 2 exec at 1 s, after {effort.memory_seconds:g} s"
    )
    yield Figure("rss_with_api_and_tls_bytes", "bytes", [rss for rss, _ in memory], command, at_most=8.5e6)
    yield Figure("anon_with_api_and_tls_bytes", "bytes", [anon for _, anon in memory], command, at_most=2.5e6)


def assert_all_pass(kube: Kube, pod: str) -> None:
    """A probe that is never answered would need no memory."""
    status = json.loads(kube.exec(pod, ["/podmedic", "status", "--json"], "podmedic").stdout)
    others = [each for each in status["probes"] if each.get("verdict") != "Pass"]
    assert len(status["probes"]) == 20 and not others, f"expected 20 probes that pass: {others or status}"
    assert status["kubernetesApi"] == "ok", f"expected the API to be in use: {status['kubernetesApi']}"


def with_api_and_tls(pod: Object) -> Object:
    spec = pod["spec"]
    (sidecar,), (engine,) = spec["initContainers"], spec["containers"]
    patch = yaml.safe_load((REPOSITORY / "deploy" / "api-access.yaml").read_text())["spec"]
    spec["serviceAccountName"] = patch["serviceAccountName"]
    spec["volumes"] += [*patch["volumes"], {"name": "tls", "secret": {"secretName": "tls"}}]
    mount = {"name": "tls", "mountPath": "/tls"}
    sidecar["volumeMounts"] += [*patch["initContainers"][0]["volumeMounts"], mount]
    engine["volumeMounts"].append(mount)
    engine["command"] += ["--http-port", str(HTTP_PORT), "--tls-cert", "/tls/tls.crt", "--tls-key", "/tls/tls.key"]
    engine["readinessProbe"] = {"tcpSocket": {"port": GRPC_PORT}, "periodSeconds": 1}  # the kubelet's grpc has no TLS
    token_mount = patch["initContainers"][0]["volumeMounts"][0]["mountPath"]
    api = {"url": f"https://{ADDRESSES.kubernetes}/readyz", "tls": {"caFile": f"{token_mount}/ca.crt"}}
    targets = [("http", api)] * 5 + [("grpc", {"port": GRPC_PORT, "tls": {"caFile": "/tls/tls.crt"}})] * 5
    targets += [("tcpSocket", {"port": HTTP_PORT})] * 8 + [("exec", {"command": ["/podmedic", "--version"]})] * 2
    pod["metadata"]["annotations"] = {"podmedic.io/mode": "Observe"} | {
        f"probe.podmedic.io/{kind.lower()}-{number}": probe(kind, target, periodSeconds=1)
        for number, (kind, target) in enumerate(targets)
    }
    return pod


def tls_secret(programs: Programs) -> Object:
    """A certificate for 127.0.0.1 that is its own authority."""
    key, certificate = programs.directory / "tls.key", programs.directory / "tls.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True,
        capture_output=True,
    )
    data = {"tls.key": key.read_text(), "tls.crt": certificate.read_text()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tls"}, "stringData": data}
