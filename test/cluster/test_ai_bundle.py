"""examples/ai-bundle: each part of the Pod is made to fail in turn, and healed by its own scope."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import urllib.request

from kube import wait_for
from medic import Medic
from scenarios import Scene, scenario
from test_examples import get, start, stop
from test_restart_container import process_of

PARTS = ("router", "tools", "cache", "exporter", "engine")
FRONT = 10000  # the router's port


def complete(scene: Scene, medic: Medic, timeout: float) -> str:
    """What a client of the Pod gets: a completion that the router passes on to the engine."""
    address = scene.kube.get("pod", medic.pod)["status"]["podIP"]
    body = json.dumps({"prompt": "1", "max_tokens": 8}).encode()
    with urllib.request.urlopen(f"http://{address}:{FRONT}/v1/completions", body, timeout=timeout) as answer:
        return answer.read().decode()


def use(scene: Scene, medic: Medic) -> None:
    """What clients do meanwhile, whatever they get."""
    with contextlib.suppress(OSError):
        get(scene, medic, FRONT, "/tools/count")
    with contextlib.suppress(OSError):
        complete(scene, medic, timeout=0.5)


def fail(scene: Scene, medic: Medic, part: str) -> None:
    if part == "engine":  # its health stays green
        os.kill(scene.kube.host_pids(medic.pod, "engine")[1], signal.SIGUSR1)
    else:
        stop(scene, medic, part)


def works(scene: Scene, medic: Medic) -> bool:
    """All that a client may ask of the Pod is answered, through the router."""
    try:
        answered = "token" in complete(scene, medic, timeout=20) and "calls" in get(scene, medic, FRONT, "/tools/count")
        return answered and "redis_up 1" in get(scene, medic, 9121, "/metrics")
    except OSError:
        return False


@scenario
def test_each_part_of_the_bundle_is_healed_alone_and_the_engine_lives_on_unless_it_was_the_one(scene: Scene) -> None:
    pending, counter = "vllm:num_requests_running", "vllm:iteration_tokens_total_count"
    medic = start(
        scene,
        "ai-bundle/pod.yaml",
        policy={"backoff": {"baseSeconds": 1, "capSeconds": 2}, "budget": {"restarts": 8}, "success": {"stableSeconds": 3}},
        engine={"progress": {"port": 8000, "pending": pending, "counter": counter, "stalledSeconds": 3}},
        router={"timeoutSeconds": 1},
        tools={"timeoutSeconds": 1},
        exporter={"timeoutSeconds": 1},
        cache={"connections": {"listenPorts": [6379], "stalledSeconds": 2}},
    )
    medic.wait_until_well()
    wait_for(lambda: works(scene, medic), bool, "the whole bundle to answer")
    processes = {part: process_of(scene, medic, part) for part in ("podmedic", *PARTS)}
    for number, part in enumerate(PARTS):
        fail(scene, medic, part)

        def restarted() -> bool:
            use(scene, medic)
            return scene.restarts(medic, part) > 0

        wait_for(restarted, bool, f"{part} to restart", lambda _: medic.tail())
        restarts = scene.wait_for_outcomes(medic, *["Recovered"] * (number + 1))
        assert (restarts[-1]["scope"], restarts[-1]["probe"]) == (part, part)
        wait_for(lambda: works(scene, medic), bool, f"the whole bundle to answer after {part}")
        before, processes[part] = processes[part], process_of(scene, medic, part)
        assert processes[part] != before
        assert {each: process_of(scene, medic, each) for each in processes} == processes, f"after {part}: nothing else is new"
