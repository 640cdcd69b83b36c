"""examples/queue-consumer: the consumer is restarted while it has work, and each job is worked on once."""

from __future__ import annotations

import itertools
import json
import socket
from collections.abc import Sequence

import example
from kube import Object, wait_for
from medic import Medic
from scenarios import Scene, scenario
from test_examples import start


class Queue:
    """NATS' own protocol, from the host to its Pod: enough to publish and to ask JetStream."""

    def __init__(self, address: str) -> None:
        self._file = socket.create_connection((address, 4222), timeout=10).makefile("rwb")
        self._file.readline()  # INFO
        self._file.write(b'CONNECT {"verbose": false}\r\nSUB answers 1\r\n')

    def publish(self, jobs: Sequence[Object]) -> None:
        """Returns when the server has them."""
        for job in jobs:
            payload = json.dumps(job).encode()
            self._file.write(b"PUB jobs %d\r\n%s\r\n" % (len(payload), payload))
        self._file.write(b"PING\r\n")
        self._file.flush()
        while self._file.readline() != b"PONG\r\n":
            pass

    def consumer(self) -> Object:
        """What JetStream knows of the consumer: what is pending, unacknowledged, delivered again."""
        self._file.write(b"PUB $JS.API.CONSUMER.INFO.JOBS.workers answers 0\r\n\r\n")
        self._file.flush()
        while not (line := self._file.readline()).startswith(b"MSG "):
            pass
        return json.loads(self._file.read(int(line.split()[-1]) + 2))


def of_pod(scene: Scene, label: str) -> Object:
    return next(pod for pod in scene.kube.items("pod") if pod["metadata"].get("labels", {}).get("app") == label)


def ids(medic: Medic, file: str) -> list[int]:
    path = medic.volume("data") / file
    return sorted(int(line) for line in path.read_text().split()) if path.exists() else []


def without_dns(pod: Object) -> None:
    """The test cluster has no DNS; the kubelet tells each container the addresses of the Services that there are."""
    example.container(pod, "consumer")["env"].append({"name": "NATS", "value": "$(QUEUE_SERVICE_HOST)"})


@scenario
def test_no_job_is_lost_or_begun_twice_by_the_restart_of_a_consumer_that_leaks(scene: Scene) -> None:
    try:
        medic = start(
            scene,
            "queue-consumer/pod.yaml",
            memory={"memory": {"maxUsage": "80%"}},
            policy={"drain": {"timeoutSeconds": 30, "settleSeconds": 0}},
            change=without_dns,
        )
        medic.wait_until_well()
        queue = Queue(scene.kube.wait_ready(of_pod(scene, "queue")["metadata"]["name"])["status"]["podIP"])
        wait_for(queue.consumer, lambda found: "config" in found, "the consumer to have made its stream")
        numbers = itertools.count()

        def publish(count: int, **job: object) -> None:
            queue.publish([{"id": next(numbers), **job} for _ in range(count)])

        publish(104, seconds=0.1, leak=1 << 20)

        def restarted() -> int:
            publish(2, seconds=0.5)  # more than it works off, so that its hands are never empty
            return scene.restarts(medic, "consumer")

        wait_for(restarted, lambda count: count > 0, "the consumer to restart", lambda _: f"{len(ids(medic, 'done'))} jobs done{medic.tail()}")
        (restart,) = scene.wait_for_outcomes(medic, "Recovered")
        assert (restart["scope"], restart["probe"]) == ("consumer", "memory")
        expected = list(range(next(numbers)))
        wait_for(lambda: ids(medic, "done"), lambda done: len(done) >= len(expected), f"{len(expected)} jobs to be done")
        assert ids(medic, "done") == expected
        assert ids(medic, "begun") == expected, "none was cut off and begun again"
        idle = {"num_pending": 0, "num_ack_pending": 0, "num_redelivered": 0}
        wait_for(lambda: {name: queue.consumer()[name] for name in idle}, lambda found: found == idle, "all to be acknowledged")
    finally:
        scene.kube.delete("deployment", "queue")
