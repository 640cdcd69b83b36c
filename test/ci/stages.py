"""The stages of `make test`: what each runs, what must have passed before it, and with what it may run at one time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One make target.

    `needs`: stages without which it has nothing to work with; when one of them is red, this one cannot run.
    `room`: stages of one room run one after the other. Those that keep the processors busy are in one, those whose tests
    wait for something most of the time in the other, so that a build goes on while tests wait.
    """

    name: str
    target: str
    room: str
    needs: tuple[str, ...] = ()


BUSY, WAITING = "busy", "waiting"

STAGES = (
    Stage("packages", "test-dependencies", BUSY),
    Stage("build", "dev-build", BUSY, needs=("packages",)),
    Stage("fast tests", "fast-tests", WAITING, needs=("build",)),
    Stage("process tests", "process-tests", WAITING, needs=("build",)),
    Stage("release build", "release-build", BUSY, needs=("packages",)),
    Stage("Kubernetes build", "cluster-programs", BUSY, needs=("packages",)),
    Stage("page tests", "page-tests", WAITING, needs=("release build",)),
    Stage("release tests", "release-tests", WAITING, needs=("release build",)),
    Stage("cluster tests", "cluster-tests", WAITING, needs=("release build", "Kubernetes build")),
    Stage("kubelet's gate off", "kubelet-gate-off-tests", WAITING, needs=("release build", "Kubernetes build")),
    Stage("gate off", "gate-off-tests", WAITING, needs=("release build", "Kubernetes build")),
    Stage("disturbing tests", "disturbing-tests", WAITING, needs=("release build", "Kubernetes build")),
)
