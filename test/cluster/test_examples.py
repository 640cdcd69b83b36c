"""The files of examples/, applied as they are but for images and short times: each fault is made for real, and healed."""

from __future__ import annotations

import itertools
import os
import signal
import ssl
import urllib.request
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import example
import examples
import pki
from kube import Object, wait_for
from medic import Medic
from scenarios import SHORT_POLICY, Scene, scenario
from test_restart_container import process_of

Change = Callable[[Object], None]


def start(scene: Scene, path: str, policy: Object | None = None, change: Change = lambda pod: None, **probes: Object) -> Medic:
    """Applies a file of examples/ with a short policy and with these fields of its probes changed; waits until it is Ready."""

    def hasten(pod: Object) -> None:
        change(pod)
        own = example.annotation(pod, "podmedic.io/policy")
        short = {**SHORT_POLICY, **(policy or {})}
        example.annotate(pod, "podmedic.io/policy", **{name: {**own.get(name, {}), **fields} for name, fields in short.items()})
        for probe, fields in probes.items():
            example.annotate(pod, f"probe.podmedic.io/{probe}", periodSeconds=1, failureThreshold=2, **fields)

    medic = scene.medic_of(examples.apply_pod(scene, path, hasten)["metadata"]["name"])
    scene.kube.wait_ready(medic.pod)
    return medic


def get(scene: Scene, medic: Medic, port: int, path: str) -> str:
    address = scene.kube.get("pod", medic.pod)["status"]["podIP"]
    return urllib.request.urlopen(f"http://{address}:{port}{path}", timeout=20).read().decode()


def stop(scene: Scene, medic: Medic, container: str) -> None:
    """SIGSTOP to all of its processes: they live, and do nothing."""
    for pid in scene.kube.host_pids(medic.pod, container):
        os.kill(pid, signal.SIGSTOP)


@scenario
def test_log_shipper_is_restarted_alone_and_ships_what_it_had_left(scene: Scene) -> None:
    medic = start(scene, "log-shipper/pod.yaml", shipper={"logTail": {"path": "/logs/access.log", "maxLag": "1Ki", "stalledSeconds": 2}})
    numbers = itertools.count()

    def served() -> list[str]:
        return [get(scene, medic, 8080, f"/request-{next(numbers)}") for _ in range(5)]

    assert served() == ["served\n"] * 5
    medic.wait_until_well()
    web = process_of(scene, medic, "web")
    stop(scene, medic, "shipper")
    wait_for(lambda: served() and scene.restarts(medic, "shipper"), bool, "the shipper to restart", lambda _: medic.tail())
    (restart,) = scene.wait_for_outcomes(medic, "Recovered")

    assert (restart["scope"], restart["probe"]) == ("shipper", "shipper")
    assert process_of(scene, medic, "web") == web
    assert {name: scene.restarts(medic, name) for name in ("podmedic", "web")} == {"podmedic": 0, "web": 0}
    sent = {f"/request-{number}" for number in range(next(numbers))}

    def missing() -> set[str]:
        shipped = "".join(medic.lives_of("shipper"))
        return sent - {word for word in shipped.split() if word.startswith("/request-")}

    wait_for(missing, lambda found: not found, "all lines to be shipped")


@scenario
def test_llm_server_whose_engine_hangs_behind_a_green_health_is_restarted_in_place(scene: Scene) -> None:
    decode = {"port": 8000, "pending": "vllm:num_requests_running", "counter": "vllm:iteration_tokens_total_count", "stalledSeconds": 4}
    medic = start(scene, "llm-server/pod.yaml", decode={"progress": decode}, canary={"timeoutSeconds": 30})
    medic.wait_until_well()
    assert "Suspected" not in medic.reasons(), "the time in which it loads is warm-up"
    before = scene.kube.get("pod", medic.pod)

    engine = scene.kube.host_pids(medic.pod, "engine")[1]  # the second process: the first is the front
    os.kill(engine, signal.SIGUSR1)
    medic.wait_for_reason("Suspected")
    assert get(scene, medic, 8000, "/health") == "ok"
    (restart,) = scene.wait_for_outcomes(medic, "Recovered")
    assert (restart["scope"], restart["probe"]) == ("Pod", "decode")
    after = scene.kube.wait_ready(medic.pod)
    assert [each["metadata"]["uid"] for each in (before, after)] == [before["metadata"]["uid"]] * 2
    assert {name: scene.restarts(medic, name) for name in ("podmedic", "engine")} == {"podmedic": 1, "engine": 1}
    assert "Suspected" not in medic.reasons(life=1), "nor is the second load taken for a failure"


def rotate(scene: Scene, secret: str) -> str:
    """A new certificate in the Secret; returns it."""
    with TemporaryDirectory() as directory:
        place = Path(directory)
        pki.certificate("tls", f"/CN={secret}", f"subjectAltName=DNS:{secret}", issuer=None, directory=place)
        data = {name: (place / name).read_text() for name in ("tls.crt", "tls.key")}
    meta = {"name": secret}
    scene.kube.apply({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": meta, "stringData": data})
    return data["tls.crt"]


@scenario
def test_tls_rotation_is_served_after_a_restart_of_the_proxy_alone(scene: Scene) -> None:
    old = rotate(scene, "tls-rotation")
    files = {"file": "/certs/tls.crt", "keyFile": "/certs/tls.key", "servedAt": "127.0.0.1:8443"}
    medic = start(scene, "tls-rotation/pod.yaml", **{"serving-cert": {"credential": {**files, "maxLoadDelaySeconds": 2}}})
    medic.wait_until_well()
    address = scene.kube.get("pod", medic.pod)["status"]["podIP"]

    def served() -> str:
        return ssl.get_server_certificate((address, 8443))

    assert served() == old
    app = process_of(scene, medic, "app")
    new = rotate(scene, "tls-rotation")
    # The kubelet mounts the new one when it next looks at the Pod: at any change, or once a minute.
    scene.kube.annotate("pod", medic.pod, rotated="yes")
    (restart,) = scene.wait_for_outcomes(medic, "Recovered")
    assert (restart["scope"], restart["probe"]) == ("tls", "serving-cert")
    assert served() == new != old
    assert process_of(scene, medic, "app") == app
    assert {name: scene.restarts(medic, name) for name in ("podmedic", "app", "tls")} == {"podmedic": 0, "app": 0, "tls": 1}
