"""The replicas of a workload take turns: whatever befalls them, no two are out at the same time by podmedic's doing."""

from __future__ import annotations

import os
import signal
import time

import pytest

import clock
import example
import fleet
from cluster import Cluster
from example import Images
from fleet import Fleet
from kube import Kube, wait_for
from load import Load
from scenarios import checks

HOUR = 3600  # seconds


def test_five_wedged_replicas_are_restarted_one_at_a_time(cluster: Cluster, kube: Kube, images: Images) -> None:
    replicas = Fleet(cluster, kube, 5, fleet.deployment(kube, images, 5))
    address = kube.get("service", fleet.NAME)["spec"]["clusterIP"] + ":8001"
    load = Load(example.MODEL_SERVER, address=address, rate=20, timeout_ms=1000, seconds=0)
    try:
        with kube.watch("pod") as watch:
            began = time.monotonic()
            replicas.wedge(replicas.names())
            replicas.wait_until_restarted(1)
            took = time.monotonic() - began
            replicas.wait_until_healthy()
        result = load.stop()
    finally:
        load.kill()
    most, which = fleet.most_out(watch)
    print(f"\nfive wedged replicas healed in {took:.0f} s; {result['failed']} of {result['sent']} calls lost meanwhile")
    assert most == 1, which
    assert set(replicas.restarts().values()) == {1}
    waited = [name for name in replicas.names() if "WaitingToRestart" in replicas.medic(name).reasons()]
    assert len(waited) == 4, "each refusal is told"
    assert wait_for(replicas.holder, lambda pod: pod == "", "the last turn to be returned") == ""


def test_a_holder_that_is_killed_or_deleted_keeps_nobody_waiting_for_good(cluster: Cluster, kube: Kube, images: Images) -> None:
    replicas = Fleet(cluster, kube, 3, fleet.deployment(kube, images, 3))
    wedged = replicas.names()
    with kube.watch("pod") as watch:
        replicas.wedge(wedged)
        first = replicas.wait_for_holder()
        replicas.medic(first).wait_for_reason("Draining")
        os.kill(kube.host_pids(first, "podmedic")[0], signal.SIGKILL)
        # Its next life has yet to see the failure for itself: it is in traffic, and needs no turn until then.
        second = replicas.wait_for_holder([first])
        kube.delete("pod", second, grace_seconds=0)  # its podmedic has no time to return the turn
        left = [replicas.medic(name) for name in wedged if name != second]

        def outcomes() -> dict[str, list[str]]:
            return {medic.pod: [restart["outcome"] for restart in medic.ledger()["restarts"]] for medic in left}

        wait_for(outcomes, lambda found: all(each == ["Recovered"] for each in found.values()), "the other two to recover")
    most, which = fleet.most_out(watch)
    assert most == 1, which


def test_wall_clocks_that_jump_by_an_hour_let_no_two_out_and_cost_no_restart(cluster: Cluster, kube: Kube, images: Images) -> None:
    replicas = Fleet(cluster, kube, 3, fleet.deployment(kube, images, 3))
    with kube.watch("pod") as watch:
        replicas.wedge(replicas.names())
        first = replicas.wait_for_holder()
        replicas.medic(first).wait_for_reason("Draining")
        waiting = next(name for name in replicas.names() if name != first)
        clock.move_wall_clock(kube.host_pids(first, "podmedic")[0], HOUR)  # the next life's is right again
        clock.move_wall_clock(kube.host_pids(waiting, "podmedic")[0], -HOUR)
        replicas.wait_until_restarted(1)
    most, which = fleet.most_out(watch)
    assert most == 1, which
    assert set(replicas.restarts().values()) == {1}
    (record,), (other,) = (replicas.medic(name).ledger()["restarts"] for name in (first, waiting))
    by_how_much = [each["wallMilliseconds"] / 1000 - time.time() for each in (record, other)]
    assert by_how_much[0] > HOUR / 2 and by_how_much[1] < -HOUR, "the clocks that they were written by had jumped"


@pytest.mark.disturbing
def test_a_dead_api_server_and_a_new_kubelet_in_the_middle_do_no_harm(cluster: Cluster, kube: Kube, images: Images) -> None:
    replicas = Fleet(cluster, kube, 3, fleet.deployment(kube, images, 3))
    medics = {name: replicas.medic(name) for name in replicas.names()}
    replicas.wedge(replicas.names())
    first = replicas.wait_for_holder()
    medics[first].wait_for_reason("Draining")
    for medic in medics.values():
        medic.status()  # from now on its address is known without the API
    cluster.stop("kube-apiserver")
    try:
        medics[first].wait_for_reason("Recovered")  # who holds the turn goes on
        others = [medic for name, medic in medics.items() if name != first]
        for other in others:
            wait_for(other.log, lambda log: "onApiUnavailable: Wait" in log, "the wait for the API")
        before = [checks(other, "Fail") for other in others]
        for other, failed in zip(others, before):  # a minute of them
            wait_for(lambda: checks(other, "Fail"), lambda n: n >= failed + 60, "60 more failures without the API")
        assert [other.ledger()["restarts"] for other in others] == [[], []]
    finally:
        cluster.start("kube-apiserver")
    replicas.wait_for_holder([first])
    cluster.stop("kubelet")
    cluster.start("kubelet")
    replicas.wait_until_restarted(1)
    # What the API shows comes late, and in pieces, after an outage of its own; podmedic's log has the times.
    outages = sorted(outage for medic in medics.values() for outage in fleet.times_out(medic))
    assert len(outages) == 3
    assert all(earlier[1] <= later[0] for earlier, later in zip(outages, outages[1:])), outages
