"""Fixtures of the cluster tests: the cluster, and a namespace of its own for each test."""

from __future__ import annotations

import itertools
import os
import re
import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import cluster as cluster_command
import example
from cluster import Cluster
from components import FeatureGates
from example import Images
from kube import Kube, wait_for
from layout import LOG
from medic import Medic
from progress import ClusterError
from scenarios import SideBySide, run_side_by_side

_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes more than 20 s")
    config.addinivalue_line("markers", "disturbing: stops what all share, so it runs in a cluster of its own (make disturbing-tests)")
    config.addinivalue_line("markers", "gate_off(gate): needs a cluster that was started with CLUSTER_GATES_OFF=gate")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the tests of a gate that is off to the run that has it off: `make test` has one for each."""
    off = _gates_off().off
    others = [item for item in items if (gate := item.get_closest_marker("gate_off")) and gate.args[0] not in off]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]
    items.sort(key=lambda item: item.path.stem != "test_platform")


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """The running cluster, or one that is started now and taken down at the end unless KEEP_CLUSTER=1.

    CLUSTER_GATES_OFF names feature gates that must be off, as `up --feature-gate-off` takes them, with commas between.
    """
    found = cluster_command.running()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does: with the cluster taken down
    capture = request.config.pluginmanager.getplugin("capturemanager")
    try:
        with capture.global_and_fixture_disabled():
            started = cluster_command.up(_gates_off())
    except ClusterError as error:
        pytest.exit(f"no cluster, so no test: {error}", returncode=1)
    try:
        yield started
    finally:
        is_ours = found is None or found.node != started.node
        if is_ours and os.environ.get("KEEP_CLUSTER") != "1":
            cluster_command.down()


@pytest.fixture(scope="session")
def images(cluster: Cluster) -> Images:
    """The release image and the model server's, built from this clone and loaded into the node."""
    return example.load_images(cluster)


@pytest.fixture
def kube(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Kube]:
    """The API, seen from a new namespace that is removed after the test."""
    with new_namespace(cluster, request.node.name) as kube:
        yield kube


@pytest.fixture(scope="module")
def module_kube(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Kube]:
    """The same for what several tests of one file look at."""
    with new_namespace(cluster, request.node.path.stem) as kube:
        yield kube


@pytest.fixture(scope="session")
def side_by_side(cluster: Cluster, images: Images, request: pytest.FixtureRequest) -> Iterator[SideBySide]:
    """All scenarios (scenarios.py) that this session runs, at work in one namespace."""
    with new_namespace(cluster, "side-by-side") as kube:
        with run_side_by_side(request.session.items, cluster, kube, images) as scenarios:
            yield scenarios


@contextmanager
def new_namespace(cluster: Cluster, name: str) -> Iterator[Kube]:
    name = f"{re.sub('[^a-z0-9]+', '-', name.lower())[:40].strip('-')}-{os.getpid()}-{next(_numbers)}"
    everywhere = cluster.kube
    everywhere.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    try:
        kube = everywhere.at(name)
        wait_for(lambda: kube.get("serviceaccount", "default"), bool, f"the ServiceAccount of namespace {name}")
        yield kube
    finally:
        Medic.watched = [medic for medic in Medic.watched if medic.kube.namespace != name]
        remove_namespace(everywhere, name)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, None]:
    """A failed test shows what podmedic did in the Pods that there are, and what became of them."""
    report = (yield).get_result()
    if report.failed:
        report.sections += [(f"podmedic's last lines in pod {medic.pod}", medic.tail(40)) for medic in Medic.watched]
        report.sections += [(f"namespace {kube.namespace}", kube.story()) for kube in {medic.kube.namespace: medic.kube for medic in Medic.watched}.values()]
        log = LOG / "kubelet.log"
        report.sections.append(("the kubelet's last lines", "\n".join(log.read_text(errors="replace").splitlines()[-30:]) if log.exists() else "none"))


def remove_namespace(kube: Kube, name: str) -> None:
    """Begins the deletion and takes every Pod down at once; does not wait for the namespace itself."""
    kube.delete("namespace", name)  # from now on no controller can create Pods in it
    view = kube.at(name)
    for pod in view.items("pod"):
        view.delete("pod", pod["metadata"]["name"], grace_seconds=0)


def _gates_off() -> FeatureGates:
    return FeatureGates(tuple(filter(None, os.environ.get("CLUSTER_GATES_OFF", "").split(","))))
