"""How long and how often is measured."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    verdict_runs: int = 25
    exit_runs: int = 10
    memory_runs: int = 3
    memory_seconds: float = 60
    idle_seconds: float = 60
    kind_rounds: int = 3
    kind_seconds: float = 3
    check_rounds: int = 7
    check_seconds: float = 4
    processes_a_round: int = 25
    wedge_runs: int = 3
    planned_restarts: int = 20


QUICK = Effort(
    verdict_runs=5,
    exit_runs=2,
    memory_runs=1,
    memory_seconds=15,
    idle_seconds=10,
    kind_rounds=1,
    kind_seconds=2,
    check_rounds=2,
    check_seconds=2,
    processes_a_round=10,
    wedge_runs=1,
    planned_restarts=3,
)


def effort() -> Effort:
    """BENCH_QUICK=1: to try the benchmark itself; its figures are noisy."""
    return QUICK if os.environ.get("BENCH_QUICK") == "1" else Effort()
