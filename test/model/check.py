#!/usr/bin/python3
"""Has Spin try every interleaving of test/model/turn.pml, and then each mutant, which must be caught.

Usage: check.py <path of spin> <C compiler>
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

MODEL = Path(__file__).with_name("turn.pml")
ONE_SLOT = {"REPLICAS": 2, "SLOTS": 1, "FLOOR": 0}
WITH_FLOOR = {"REPLICAS": 2, "SLOTS": 1, "FLOOR": 1}
TWO_SLOTS = {"REPLICAS": 2, "SLOTS": 2, "FLOOR": 1, "KILLS": 0}  # with them five times as many states
# Where each is caught, and by which assertion.
MUTANTS = {
    "FORGETS_THE_VERSION": (ONE_SLOT, "n<=1"),
    "NEVER_GIVES_UP": (ONE_SLOT, "n<=1"),
    "COUNTS_WHAT_IT_FINDS": (ONE_SLOT, "n<=1"),
    "KEEPS_ITS_JUDGEMENT": (ONE_SLOT, "n<=1"),
    "LOOKS_ONCE": (TWO_SLOTS, "n>=1"),
    "IGNORES_HOLDERS": (TWO_SLOTS, "n>=1"),
}


@dataclass
class Case:
    sizes: dict[str, int]
    mutant: str = "0"
    violated: str = ""  # the assertion that must be violated; empty: none
    title: str = field(init=False)

    def __post_init__(self) -> None:
        sizes = ", ".join(f"{name.lower()} {number}" for name, number in self.sizes.items())
        self.title = f"{sizes}: " + (f"one that {self.mutant.lower().replace('_', ' ')}" if self.violated else "the protocol")


def run(case: Case, spin: str, compiler: str) -> str:
    """What is wrong with the result; empty: nothing."""
    defines = [f"-D{name}={value}" for name, value in {**case.sizes, "MUTANT": case.mutant}.items()]
    with tempfile.TemporaryDirectory() as directory:
        for command in (
            [spin, "-a", *defines, str(MODEL)],
            [compiler, "-O2", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=4000", "-o", "pan", "pan.c"],
        ):
            made = subprocess.run(command, cwd=directory, capture_output=True, text=True)
            if made.returncode != 0:
                return f"{command[0]}: {made.stdout}{made.stderr}"
        found = subprocess.run(["./pan", "-m2000000", "-n"], cwd=directory, capture_output=True, text=True).stdout
        states = re.search(r"([0-9.e+]+) states, stored", found)
        print(f"{case.title}: {states[1] if states else '?'} states", flush=True)
        complete = "errors:" in found and "max search depth too small" not in found and "memory" not in found.partition("errors:")[0]
        violated = re.search(r"assertion violated \((.*?)\)", found)
        if case.violated:
            return "" if violated and violated[1] == case.violated else f"not caught\n{found}"
        if "errors: 0" in found and complete and not violated:
            return ""
        trail = subprocess.run([spin, "-t", "-p", "-g", *defines, str(MODEL)], cwd=directory, capture_output=True, text=True)
        return f"{found}\n{trail.stdout[-6000:]}"


def main() -> int:
    spin, compiler = sys.argv[1:]
    cases = [Case(sizes) for sizes in (TWO_SLOTS, ONE_SLOT, WITH_FLOOR)]
    cases += [Case(sizes, mutant, violated) for mutant, (sizes, violated) in MUTANTS.items()]
    with ThreadPoolExecutor(2) as pool:
        wrong = [(case, text) for case, text in zip(cases, pool.map(lambda case: run(case, spin, compiler), cases)) if text]
    for case, text in wrong:
        print(f"FAILED: {case.title}\n{text}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
