#!/usr/bin/python3
"""Measures podmedic beside what it is compared with. Prints a table, and writes build/bench/results.json: an array of
{figure, unit, ours, peer, peer_value, ratio, runs, command}. README.md says what each figure means."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(REPOSITORY / "test" / "cluster"))

import figures  # noqa: E402
import in_cluster  # noqa: E402
import local  # noqa: E402
from effort import Effort, effort  # noqa: E402
from podmedic import Programs  # noqa: E402
from kube import ApiError  # noqa: E402
from progress import ClusterError, say, step  # noqa: E402

Part = Callable[[Programs, Effort], Iterator[figures.Step]]
FAULTS = (AssertionError, OSError, subprocess.SubprocessError, ApiError, ClusterError)
PARTS: dict[str, list[Part]] = {"local": [local.steps], "cluster": [in_cluster.steps], "all": [local.steps, in_cluster.steps]}


def main(arguments: Sequence[str] | None = None) -> int:
    build = REPOSITORY / "build"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=PARTS, nargs="?", default="all")
    parser.add_argument("--podmedic", type=Path, default=build / "release" / "podmedic")
    parser.add_argument("--model-server", type=Path, default=build / "release" / "test" / "servers" / "model-server")
    parser.add_argument("--grpc-health-probe", type=Path, default=build / "tools" / "grpc-health-probe")
    given = parser.parse_args(arguments)
    directory = build / "bench"
    directory.mkdir(parents=True, exist_ok=True)
    programs = Programs(given.podmedic.resolve(), given.model_server.resolve(), given.grpc_health_probe.resolve(), directory)
    for program in (programs.podmedic, programs.model_server, programs.grpc_health_probe):
        if not program.exists():
            parser.error(f"there is no {program}: `make bench` builds it")

    measured, failed = measure(PARTS[given.part], programs)
    if measured:
        say(f"\n{figures.table(measured)}\n\n{directory / 'results.json'}")
    for line in failed:
        print(f"bench: {line}", file=sys.stderr)
    return 1 if failed else 0


def measure(parts: Sequence[Part], programs: Programs) -> tuple[list[figures.Figure], list[str]]:
    """A measurement that fails does not keep the others from being made. What is there is written at once."""
    measured: list[figures.Figure] = []
    failed: list[str] = []
    for steps in parts:
        try:
            for title, measurement in steps(programs, effort()):
                try:
                    with step(title):
                        for figure in measurement():
                            measured.append(figure)
                            figures.write(measured, programs.directory)
                except FAULTS as error:
                    say(f"      failed: {error}")
                    failed.append(f"{title}: {error}")
        except ClusterError as error:
            failed.append(str(error))
    return measured, failed


if __name__ == "__main__":
    sys.exit(main())
