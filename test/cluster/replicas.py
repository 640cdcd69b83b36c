"""Replicas of the model server behind a Service, and what can befall them while they are under load from outside."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import example
import pki
from cluster import Cluster
from kube import Kube, Object, container_status, wait_for
from load import Load
from medic import Medic

Make = Callable[[str], Object]  # a Pod of a name

PORT = 8001
NAME = "model.test"  # in the certificates
RATE = 50
CALL_TIMEOUT_MS = 2000
# One call in 25 takes 3 s, and one server stream of 5 s is always under way.
MIXED = {"rate": RATE, "timeout_ms": CALL_TIMEOUT_MS, "slow_one_in": 25, "slow_ms": 3000, "stream_ms": 5000}
# A restart takes so long here that a person can watch several: only what it does to traffic is like in production.
POLICY = {
    "backoff": {"baseSeconds": 1, "capSeconds": 2},
    "budget": {"restarts": 64, "windowSeconds": 3600},
    "drain": {"timeoutSeconds": 20, "settleSeconds": 3, "inFlight": {"ports": [PORT]}},
    "success": {"stableSeconds": 2},
}


class Replica:
    """One Pod, whose podmedic sees the faults that `fail` makes: each calls for a restart, and none hurts traffic yet."""

    KINDS = ("credential", "memory", "logTail")

    def __init__(self, cluster: Cluster, kube: Kube, name: str, authority: Path) -> None:
        self.name = name
        self._cluster, self._kube, self._authority = cluster, kube, authority

    def create(self, pod: Object) -> None:
        self._rotate()
        self._kube.apply(pod)
        log = self._volume("data") / "app.log"
        log.write_text("the first line\n")
        self._kube.wait_ready(self.name)

    @property
    def medic(self) -> Medic:
        medic = Medic(self._cluster, self._kube, self.name)
        Medic.watched.remove(medic)
        return medic

    def fail(self, kind: str) -> None:
        {"credential": self._rotate, "memory": self._leak, "logTail": self._rotate_log}[kind]()

    def engine(self) -> int:
        """Its process, as the host counts."""
        return self._kube.host_pids(self.name, "engine")[0]

    def restarts(self) -> int:
        return container_status(self._kube.get("pod", self.name), "engine").get("restartCount", 0)

    def _rotate(self) -> None:
        """A new certificate, which the server does not reload."""
        pki.certificate(self.name, f"/CN={self.name}", f"subjectAltName=DNS:{NAME}", directory=self._authority)
        files = {"tls.crt": self.name + ".crt", "tls.key": self.name + ".key", "ca.crt": "ca.crt"}
        data = {key: (self._authority / file).read_text() for key, file in files.items()}
        meta = {"name": f"tls-{self.name}"}
        self._kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": data})
        if self._kube.items("pod", fields=f"metadata.name={self.name}"):
            # The kubelet mounts the new one when it next looks at the Pod: at any change, or once a minute.
            self._kube.annotate("pod", self.name, rotated=str(time.time()))

    def _leak(self) -> None:
        os.kill(self.engine(), signal.SIGUSR2)

    def _rotate_log(self) -> None:
        log = self._volume("data") / "app.log"
        log.rename(log.with_suffix(".1"))
        log.write_text("a line that nobody reads\n" * 5000)

    def _volume(self, name: str) -> Path:
        pod = self._kube.get("pod", self.name)
        directory = self._cluster.empty_dir(pod, name)
        wait_for(directory.exists, bool, f"volume {name} of pod {self.name}")
        return directory


def with_podmedic(pod: Object, name: str) -> Object:
    """The Pod of podmedic and `engine` with TLS, under the probes of Replica.KINDS and, for what is not planned, grpc."""
    pod["metadata"].update(name=name, labels={"app": "model"})
    spec, sidecar, engine = pod["spec"], example.container(pod, "podmedic"), example.container(pod, "engine")
    spec["initContainers"], spec["containers"] = [sidecar], [engine]
    spec["volumes"].append({"name": "tls", "secret": {"secretName": f"tls-{name}"}})
    tls, data = {"name": "tls", "mountPath": "/tls"}, {"name": "data", "mountPath": "/data"}
    sidecar["volumeMounts"] += [tls, data]
    engine["volumeMounts"] = [tls, data]
    engine["command"] += ["--tls-cert", "/tls/tls.crt", "--tls-key", "/tls/tls.key", "--tail", "/data/app.log", "--shutdown-seconds", "10"]
    engine["resources"] = {"limits": {"memory": "160Mi"}}
    engine["readinessProbe"] = {"tcpSocket": {"port": PORT}, "periodSeconds": 1}  # the kubelet's grpc has no TLS
    probes = {
        "credential": {"file": "/tls/tls.crt", "keyFile": "/tls/tls.key", "servedAt": f"127.0.0.1:{PORT}", "maxLoadDelaySeconds": 1},
        "memory": {"maxUsage": "40%"},
        "logTail": {"path": "/data/app.log", "maxLag": "1Ki", "stalledSeconds": 2},
        "grpc": {"port": PORT, "tls": {"caFile": "/tls/ca.crt", "serverName": NAME}},
    }
    pod["metadata"]["annotations"] = {
        "podmedic.io/mode": "Enforce",
        "podmedic.io/policy": json.dumps(POLICY),
        **{
            f"probe.podmedic.io/{kind.lower()}": json.dumps({kind: fields, "container": "engine", "periodSeconds": 1, "failureThreshold": 2})
            for kind, fields in probes.items()
        },
    }
    return pod


class Replicas:
    """Some replicas behind a Service."""

    def __init__(self, cluster: Cluster, kube: Kube, authority: Path, make: Make, names: Sequence[str]) -> None:
        self._kube, self._authority = kube, authority
        pki.certificate("ca", "/CN=authority", pki.CA_CONSTRAINT, issuer=None, directory=authority)
        spec = {"selector": {"app": "model"}, "ports": [{"port": PORT, "targetPort": PORT}]}
        (service,) = kube.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "model"}, "spec": spec})
        self.address = f"{service['spec']['clusterIP']}:{PORT}"
        self.all = [Replica(cluster, kube, name, authority) for name in names]
        for replica in self.all:
            replica.create(make(replica.name))

    @contextmanager
    def load(self, model_server: Path, **options: Any) -> Iterator[Load]:
        """The mixed load, until it is stopped; it begins when all replicas answer."""
        tls = {"address": self.address, "tls_ca": self._authority / "ca.crt", "tls_name": NAME}

        def failed() -> int:
            return Load(model_server, **tls, rate=RATE, seconds=1, timeout_ms=CALL_TIMEOUT_MS).result()["failed"]

        wait_for(failed, lambda failed: failed == 0, "all calls to be answered")
        load = Load(model_server, **tls, **{**MIXED, **options}, seconds=0)
        try:
            yield load
        finally:
            load.kill()


@contextmanager
def replicas(cluster: Cluster, kube: Kube, make: Make, names: Sequence[str]) -> Iterator[Replicas]:
    with TemporaryDirectory() as directory:
        yield Replicas(cluster, kube, Path(directory), make, names)


def restart_in_turn(kube: Kube, turns: Sequence[tuple[Replica, str]]) -> None:
    """Makes one replica after the other call for a restart, and waits until podmedic says that it has recovered."""
    for number, (replica, kind) in enumerate(turns, 1):
        medic = replica.medic
        wait_for(medic.status, all_healthy, f"all probes of {replica.name} to pass", lambda _: medic.tail())
        before = len(medic.ledger()["restarts"])
        replica.fail(kind)

        def recovered(restarts: list[Object]) -> bool:
            return len(restarts) > before and restarts[-1]["outcome"] == "Recovered"

        def restarts() -> list[Object]:
            return medic.ledger()["restarts"]

        found = wait_for(restarts, recovered, f"restart {number} of {replica.name} for {kind}", lambda _: medic.tail())
        assert (len(found), found[-1]["probe"]) == (before + 1, kind.lower()), found[before:]
        kube.wait_ready(replica.name)


def all_healthy(status: Object) -> bool:
    return status["phase"] == "Watching" and all(probe["standing"] == "Healthy" for probe in status["probes"])


# What podmedic is compared with: the same server, and the same kind of end, without a drain.


def with_plain_exit(pod: Object, name: str) -> Object:
    """A sidecar with the rule and no podmedic; `kill_sidecar` makes it exit."""
    pod = with_podmedic(pod, name)
    sidecar, engine = example.container(pod, "podmedic"), example.container(pod, "engine")
    plain = {key: engine[key] for key in ("image", "imagePullPolicy", "securityContext")}
    rule = {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [137]}}
    command = ["/model-server", "http-server", "--port", "15000"]
    pod["spec"]["initContainers"] = [
        {"name": sidecar["name"], "command": command, "restartPolicy": "Always", "restartPolicyRules": [rule], **plain}
    ]
    del pod["metadata"]["annotations"]
    return pod


def kill_sidecar(kube: Kube, replica: Replica) -> None:
    os.kill(kube.host_pids(replica.name, "podmedic")[0], signal.SIGKILL)


def with_liveness(pod: Object, name: str) -> Object:
    """The server alone, with a liveness probe that fails once `remove_sign_of_life` was called, until the next start."""
    pod = with_podmedic(pod, name)
    engine = example.container(pod, "engine")
    pod["spec"]["initContainers"] = []
    del pod["metadata"]["annotations"]
    engine["volumeMounts"].append({"name": "data", "mountPath": "/alive", "subPath": "alive"})  # the kubelet makes it
    engine["livenessProbe"] = {"exec": {"command": ["/model-server", "append", "/alive/sign", "yes"]}, "periodSeconds": 1}
    return pod


def remove_sign_of_life(cluster: Cluster, kube: Kube, replica: Replica) -> None:
    shutil.rmtree(cluster.empty_dir(kube.get("pod", replica.name), "data") / "alive")


def end_in_turn(kube: Kube, turns: Sequence[Replica], end: Callable[[Replica], None]) -> None:
    """Makes one replica after the other restart by `end`, and waits until it is Ready again."""
    for replica in turns:
        before = replica.restarts()
        end(replica)
        wait_for(replica.restarts, lambda now: now > before, f"{replica.name} to restart")
        kube.wait_ready(replica.name)
