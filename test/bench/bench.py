#!/usr/bin/python3
"""Measures podmedic beside what it is compared with. Prints a table, and writes build/bench/results.json: an array of
{figure, unit, ours, peer, peer_value, ratio, runs, command}. README.md says what each figure means."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(REPOSITORY / "test" / "cluster"))

import figures  # noqa: E402
import in_cluster  # noqa: E402
import local  # noqa: E402
from effort import effort  # noqa: E402
from podmedic import Programs  # noqa: E402
from progress import ClusterError, say  # noqa: E402

PARTS = {"local": [local.measure], "cluster": [in_cluster.measure], "all": [local.measure, in_cluster.measure]}


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

    measured: list[figures.Figure] = []
    try:
        for part in PARTS[given.part]:
            for figure in part(programs, effort()):
                measured.append(figure)
                figures.write(measured, directory)  # what is there stays there, whatever comes
    except ClusterError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        if measured:
            say(f"\n{figures.table(measured)}\n\n{directory / 'results.json'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
