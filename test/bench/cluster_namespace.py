"""A namespace for one measurement."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from kube import Kube, wait_for


@contextmanager
def namespace(kube: Kube, purpose: str) -> Iterator[Kube]:
    """The cluster seen from a new namespace that is removed afterwards, its Pods at once."""
    name = f"bench-{purpose}-{os.getpid()}-{time.monotonic_ns() % 10**9}"
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    view = kube.at(name)
    try:
        wait_for(lambda: view.get("serviceaccount", "default"), bool, f"the ServiceAccount of namespace {name}")
        yield view
    finally:
        kube.delete("namespace", name)
        for pod in view.items("pod"):
            view.delete("pod", pod["metadata"]["name"], grace_seconds=0)
