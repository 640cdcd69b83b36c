"""Runs tests side by side, because each of them waits for a real kubelet most of its time.

    @scenario
    def test_a_sentence_that_says_what_holds(scene: Scene) -> None: ...

is a pytest test. All scenarios that pytest was asked for start with the first of them, a few at a time, each with Pods of
its own; each test then waits for the result of its own scenario.
"""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import example
from cluster import Cluster
from example import Images
from kube import ApiError, Kube, Object, condition, container_status, summary, wait_for
from medic import Medic

AT_ONCE = 2 * (os.cpu_count() or 1)
SHORT_POLICY = {
    "backoff": {"baseSeconds": 2, "capSeconds": 20},
    "budget": {"restarts": 3, "windowSeconds": 600},
    "drain": {"timeoutSeconds": 5, "settleSeconds": 1},
    "success": {"stableSeconds": 5},
}


@dataclass
class Scene:
    """What a scenario works with. Its Pods hold podmedic and one model server, `engine`."""

    cluster: Cluster
    kube: Kube
    images: Images
    medics: list[Medic] = field(default_factory=list)

    def pod(self, name: str, engine: Sequence[str] = (), policy: Object | None = None, api: bool = True, **probes: Object) -> Object:
        """The example's Pod in mode Enforce, with its probe (1 s, 1 s, 3 failures), more probes, and a short policy.

        `engine`: more arguments of the model server. `api`: whether podmedic may ask the API.
        """
        pod = example.wedged_grpc(self.images, name)
        spec, annotations = pod["spec"], pod["metadata"]["annotations"]
        spec["initContainers"] = [example.container(pod, "podmedic")]
        spec["containers"] = [example.container(pod, "engine")]
        for hook in [each for each in annotations if each.startswith("hook.")]:
            del annotations[hook]
        example.container(pod, "engine")["command"] += engine
        # Each exec probe starts a process in the container. So many Pods at once leave no room for one a second.
        example.container(pod, "podmedic")["readinessProbe"]["periodSeconds"] = 5
        del annotations["podmedic.io/policy"]
        example.annotate(pod, "podmedic.io/policy", **{**SHORT_POLICY, **(policy or {})})
        for probe, fields in probes.items():
            example.annotate(pod, f"probe.podmedic.io/{probe}", **{"container": "engine", "periodSeconds": 1, **fields})
        return example.with_api_access(self.kube, pod) if api else pod

    def start(self, pod: Object) -> Medic:
        """Applies the Pod, and waits until it is Ready and its probe `engine` has passed."""
        self.kube.apply(pod)
        medic = self.medic_of(pod["metadata"]["name"])
        self.wait_until_healthy(medic)
        return medic

    def wait_until_healthy(self, medic: Medic) -> None:
        self.kube.wait_ready(medic.pod)

        def standing() -> str:
            return probe_status(medic).get("standing", "")

        wait_for(standing, lambda found: found == "Healthy", "the probe to pass", lambda _: medic.tail())

    def medic_of(self, pod: str) -> Medic:
        medic = Medic(self.cluster, self.kube, pod)
        Medic.watched.remove(medic)  # this scenario shows its logs itself
        self.medics.append(medic)
        return medic

    def signal_engine(self, medic: Medic, number: signal.Signals) -> None:
        """From the host, to the server's first process: as nothing in the Pod could."""
        os.kill(self.kube.host_pids(medic.pod, "engine")[0], number)

    def stories(self) -> list[str]:
        """What became of its Pods."""
        try:
            return [f"pod {medic.pod}: {summary(self.kube.get('pod', medic.pod))}" for medic in self.medics]
        except (ApiError, OSError) as error:
            return [f"the API does not tell: {error}"]

    def restarts(self, medic: Medic, container: str) -> int:
        return container_status(self.kube.get("pod", medic.pod), container).get("restartCount", 0)

    def wait_for_checks(self, medic: Medic, verdict: str, more: int, probe: str = "engine") -> None:
        """Waits until the probe has given that verdict so many times more than now."""
        before = checks(medic, verdict, probe)
        description = f"{more} more checks of {probe} with verdict {verdict}, {before} so far"
        wait_for(lambda: checks(medic, verdict, probe), lambda n: n >= before + more, description)

    def wait_for_outcomes(self, medic: Medic, *outcomes: str) -> list[Object]:
        """Waits until the ledger's restarts have turned out so, oldest first; returns them."""

        def restarts() -> list[Object]:
            return medic.ledger()["restarts"]

        def are_so(found: list[Object]) -> bool:
            return [restart["outcome"] for restart in found] == list(outcomes)

        return wait_for(restarts, are_so, f"restarts that are {outcomes}", lambda _: medic.tail())

    def expect_no_restart(self, medic: Medic) -> None:
        """podmedic has restarted nothing, not even itself, in this Pod's life, and its record says so."""
        pod = self.kube.get("pod", medic.pod)
        assert medic.reasons().count("RestartingAllContainers") == 0
        assert container_status(pod, "podmedic")["restartCount"] == 0
        assert (condition(pod, "AllContainersRestarting") or {}).get("status") in (None, "False")
        assert self.kube.events(medic.pod, "RestartingAllContainers") == []

    def expect_left_alone(self, medic: Medic) -> None:
        """No restart, none on record, and podmedic has kept the Pod in traffic all the time."""
        self.expect_no_restart(medic)
        assert medic.ledger()["restarts"] == []
        assert [entry.text for entry in medic.entries() if "not ready" in entry.text] == []


def checks(medic: Medic, verdict: str, probe: str = "engine") -> int:
    return int(medic.metric(f'podmedic_probe_checks_total{{probe="{probe}",verdict="{verdict}"}}') or 0)


def probe_status(medic: Medic, probe: str = "engine") -> Object:
    """What /status says of a probe; {} where podmedic has none of that name."""
    return next((each for each in medic.status()["probes"] if each["name"] == probe), {})


# Side by side

Body = Callable[[Scene], None]


class SideBySide:
    def __init__(self, bodies: Sequence[Body], pool: ThreadPoolExecutor, scene: Callable[[], Scene]) -> None:
        self._scene = scene
        self._logs: dict[Body, str] = {}  # of those that failed
        self._results: dict[Body, Future[None]] = {body: pool.submit(self._run, body) for body in bodies}

    def result_of(self, body: Body) -> None:
        try:
            self._results[body].result()
        except BaseException:
            print(self._logs.get(body, ""))
            raise

    def _run(self, body: Body) -> None:
        scene = self._scene()
        try:
            body(scene)
        except BaseException:
            self._logs[body] = "\n".join([*(medic.tail(40) for medic in scene.medics), *scene.stories()])
            raise
        finally:
            for medic in scene.medics:
                scene.kube.delete("pod", medic.pod, grace_seconds=0)


def scenario(body: Body) -> Any:
    """Makes a pytest test of a scenario."""

    @functools.wraps(body)
    def test(side_by_side: SideBySide) -> None:
        side_by_side.result_of(body)

    del test.__wrapped__  # pytest would look for a fixture `scene`
    test.body = body  # type: ignore[attr-defined]
    return test


@contextmanager
def run_side_by_side(items: Sequence[Any], cluster: Cluster, kube: Kube, images: Images) -> Iterator[SideBySide]:
    """Starts the scenarios among pytest's items; those that have not begun at the end never do."""
    bodies = [item.function.body for item in items if hasattr(getattr(item, "function", None), "body")]
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield SideBySide(bodies, pool, lambda: Scene(cluster, kube, images))
    finally:
        pool.shutdown(cancel_futures=True)
