#!/usr/bin/python3
"""Records traces from real processes: `record.py NAME…` (root). A trace file's header, with its annotations and what is
expected, is written first and by hand; this runs the scenario of that name (scenarios.py) in network and mount
namespaces of its own, asks the header's probes with `podmedic probe --record`, looks at the liveness endpoint as a
kubelet would, and writes what they saw below the header."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
TRACES = HERE / "traces"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME", help="trace files in traces/, without .trace")
    parser.add_argument("--podmedic", type=Path, default=REPOSITORY / "build" / "release" / "podmedic")
    parser.add_argument("--model-server", type=Path, default=REPOSITORY / "build" / "release" / "test" / "servers" / "model-server")
    given = parser.parse_args()
    for name in given.names:
        if not (TRACES / f"{name}.trace").exists():
            parser.error(f"write the header of {TRACES / name}.trace first")
    recordings = [(name, start(name, given)) for name in given.names]
    failed = [name for name, recording in recordings if recording.wait() != 0]
    for name in failed:
        print(f"record.py: {name} failed", file=sys.stderr)
    return 1 if failed else 0


def start(name: str, given: argparse.Namespace) -> subprocess.Popen[bytes]:
    """All at once: each has its own namespaces, so that ports and paths are its own."""
    environment = {
        **os.environ,
        "JUDGEMENT_TRACE": str(TRACES / f"{name}.trace"),
        "JUDGEMENT_PODMEDIC": str(given.podmedic.resolve()),
        "JUDGEMENT_MODEL_SERVER": str(given.model_server.resolve()),
        "PODMEDIC_POD": f"judgement-{name}",
    }
    namespaces = ["unshare", "--net", "--mount", "--propagation", "private", "--kill-child"]
    return subprocess.Popen([*namespaces, sys.executable, str(HERE / "recording.py"), name], env=environment)


if __name__ == "__main__":
    sys.exit(main())
