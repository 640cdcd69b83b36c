"""What restarts cost the clients of a Service: planned ones with podmedic, by a plain exit code and by a liveness probe, and
a wedged server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import replicas
from cluster import Cluster
from cluster_namespace import namespace
from effort import Effort
from figures import Figure, Step
from kube import Kube, Object
from podmedic import Programs
from replicas import Make, Replica, Replicas

NAMES = ("one", "two", "three")


@dataclass
class Way:
    """One way to restart, and what its runs lost."""

    name: str
    make: Make
    restart: Callable[[Kube, Replicas, int], None]  # so many restarts in a row
    restarts: int
    calls: list[Object] = field(default_factory=list)

    def lost_per_restart(self) -> list[float]:
        return [run["failed"] / self.restarts for run in self.calls]


def steps(cluster: Cluster, pod: Callable[[], Object], programs: Programs, effort: Effort) -> Iterator[Step]:
    """`pod` makes the example's Pod, as it is before replicas.py changes it."""

    def with_podmedic_in_turn(kube: Kube, service: Replicas, restarts: int) -> None:
        kinds = Replica.KINDS
        turns = [(service.all[i % len(service.all)], kinds[i % len(kinds)]) for i in range(restarts)]
        replicas.restart_in_turn(kube, turns)

    def by(end: Callable[[Kube, Replica], None]) -> Callable[[Kube, Replicas, int], None]:
        def in_turn(kube: Kube, service: Replicas, restarts: int) -> None:
            turns = [service.all[i % len(service.all)] for i in range(restarts)]
            replicas.end_in_turn(kube, turns, partial(end, kube))

        return in_turn

    ours = Way("podmedic", lambda name: replicas.with_podmedic(pod(), name), with_podmedic_in_turn, effort.planned_restarts)
    # A container that ends again and again waits for the kubelet's back-off: few restarts, then.
    peers = [
        Way("a sidecar that exits with the code", lambda name: replicas.with_plain_exit(pod(), name), by(replicas.kill_sidecar), 4),
        Way(
            "a liveness probe at 1 s x 3",
            lambda name: replicas.with_liveness(pod(), name),
            by(partial(replicas.remove_sign_of_life, cluster)),
            4,
        ),
    ]
    for count in (2, 3):
        for way in (ours, *peers):
            title = f"{way.restarts} planned restarts of {count} replicas: {way.name}"
            yield title, partial(run, cluster, programs, way, NAMES[:count])
    yield "planned restarts: requests lost", lambda: figures(ours, peers)


def run(cluster: Cluster, programs: Programs, way: Way, names: Sequence[str]) -> Sequence[Figure]:
    """Its result is kept in `way`."""
    with namespace(cluster.kube, "planned") as kube, replicas.replicas(cluster, kube, way.make, names) as service:
        with service.load(programs.model_server) as load:
            way.restart(kube, service, way.restarts)
            way.calls.append({**load.stop(), "replicas": len(names), "restarts": way.restarts})
    return ()


def figures(ours: Way, peers: Sequence[Way]) -> Iterator[Figure]:
    command = (
        f"{ours.restarts} restarts in a row for credential, memory and logTail, of 2 and of 3 replicas behind a ClusterIP; "
        f"{replicas.RATE} calls/s on new TLS channels, one in 25 takes 3 s, one stream of 5 s at any time"
    )
    assert ours.calls, "no run succeeded"
    details: dict[str, object] = {"ours_calls": ours.calls}
    yield Figure("planned_requests_total", "calls", [run["sent"] for run in ours.calls], command, details=details)
    for peer in peers:
        assert peer.calls, f"no run of {peer.name} succeeded"
        yield Figure(
            "planned_requests_lost",
            "calls/restart",
            ours.lost_per_restart(),
            command,
            at_most=0,
            peer=peer.name,
            peer_samples=peer.lost_per_restart(),
            details={**details, "peer_calls": peer.calls},
        )
