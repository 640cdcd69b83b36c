"""Planned restarts lose no request of a Service's clients; a wedged server loses those that it had, and no others."""

from __future__ import annotations

import os
import signal
from datetime import datetime

import example
import replicas
from cluster import Cluster
from example import Images
from kube import Kube, Object, wait_for
from replicas import Replica

MODEL_SERVER = example.ROOT / "build" / "release" / "test" / "servers" / "model-server"
CLIENTS_NOTICE_SECONDS = 3  # the readiness probe's period, the EndpointSlice, kube-proxy's rules


def make(images: Images) -> replicas.Make:
    return lambda name: replicas.with_podmedic(example.wedged_grpc(images), name)


def test_three_replicas_are_restarted_for_three_reasons_and_no_request_is_lost(cluster: Cluster, kube: Kube, images: Images) -> None:
    """Two of them whole, and of the third, for its log, the container alone."""

    def make_any(name: str) -> Object:
        pod = make(images)(name)
        example.annotate(pod, "probe.podmedic.io/logtail", onFailure="RestartContainer")
        return pod

    with replicas.replicas(cluster, kube, make_any, ("one", "two", "three")) as service, service.load(MODEL_SERVER) as load:
        replicas.restart_in_turn(kube, list(zip(service.all, Replica.KINDS)))
        result = load.stop()
        scopes = {replica.name: replica.medic.ledger()["restarts"][0]["scope"] for replica in service.all}
        assert [replica.restarts() for replica in service.all] == [1, 1, 1]
    assert result["failed"] == 0, result
    assert result["sent"] > 20 * replicas.RATE
    assert scopes == {"one": "Pod", "two": "Pod", "three": "engine"}


def test_a_wedged_replica_loses_what_it_had_until_it_left_and_nothing_else(cluster: Cluster, kube: Kube, images: Images) -> None:
    with replicas.replicas(cluster, kube, make(images), ("one", "two")) as service, service.load(MODEL_SERVER) as load:
        (wedged, _) = service.all
        medic = wedged.medic
        wait_for(medic.status, replicas.all_healthy, "all probes to pass", lambda _: medic.tail())
        os.kill(wedged.engine(), signal.SIGSTOP)

        def outcomes() -> list[Object]:
            return [restart["outcome"] for restart in medic.ledger()["restarts"]]

        wait_for(outcomes, lambda found: found == ["Recovered"], "the wedged replica to recover", lambda _: medic.tail())
        result = load.stop()
    left = next(entry.time for entry in medic.entries() if "not ready" in entry.text)
    begins = [datetime.fromisoformat(line.split()[2]).timestamp() - float(line.split()[4]) for line in result["failures"]]
    late = [begin - left for begin in begins if begin > left + CLIENTS_NOTICE_SECONDS]
    print(f"\n{result['failed']} of {result['sent']} calls lost, the last begun {max(begins) - left:.1f} s after it had left")
    assert 0 < result["failed"] and not late, result
