#!/usr/bin/python3
"""`make soak`: the suite many times, with random seeds, under conditions that CI does not have. Stops at the first red run.

    soak.py [--rounds N] [--conditions quiet,one-core,stutter] [--seed N]

quiet      as `make test`
one-core   all of it on one processor
stutter    all of it frozen for 1.5 s every 10 to 20 s, as a virtual machine is whose processor was taken away

Each round runs each condition once. Logs are where `make test` keeps them.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CGROUPS = Path("/sys/fs/cgroup")
GROUP, PODS = "podmedic-soak", "k8s.io"  # ours, and the one that containerd puts Pods in
CONDITIONS = ("quiet", "one-core", "stutter")
STUTTER_SECONDS, BETWEEN_SECONDS = 1.5, (10, 20)


def is_v1() -> bool:
    return not (CGROUPS / "cgroup.controllers").exists()


def groups(controller: str) -> list[Path]:
    """Our cgroup and the Pods', in the hierarchy that has the controller; made where they are not there."""
    parent = CGROUPS / controller if is_v1() else CGROUPS
    if not is_v1() and controller == "cpuset":
        (parent / "cgroup.subtree_control").write_text("+cpuset")
    found = [parent / GROUP, parent / PODS]
    for group in found:
        group.mkdir(exist_ok=True)
    return found


@contextmanager
def one_core() -> Iterator[list[Path]]:
    made = groups("cpuset")
    all_processors = (CGROUPS / "cpuset" / "cpuset.cpus" if is_v1() else CGROUPS / "cpuset.cpus.effective").read_text()
    for group in made:
        if is_v1():
            (group / "cpuset.mems").write_text("0")
        (group / "cpuset.cpus").write_text("0")
    try:
        yield made[:1]
    finally:
        for group in made:
            if group.exists():
                (group / "cpuset.cpus").write_text(all_processors)


@contextmanager
def stutter() -> Iterator[list[Path]]:
    made = groups("freezer")
    file, frozen, thawed = ("freezer.state", "FROZEN", "THAWED") if is_v1() else ("cgroup.freeze", "1", "0")

    def write(state: str) -> None:
        for group in made:
            group.mkdir(exist_ok=True)  # a cluster that ended has removed the Pods'
            (group / file).write_text(state)

    ended = threading.Event()

    def freeze_now_and_then() -> None:
        while not ended.wait(random.uniform(*BETWEEN_SECONDS)):
            write(frozen)
            ended.wait(STUTTER_SECONDS)
            write(thawed)

    freezer = threading.Thread(target=freeze_now_and_then)
    freezer.start()
    try:
        yield made[:1]
    finally:
        ended.set()
        freezer.join()
        write(thawed)


@contextmanager
def quiet() -> Iterator[list[Path]]:
    yield []


def run(condition: str, seed: int) -> tuple[int, float]:
    """The suite once; its exit code, and how long it took."""
    began = time.monotonic()
    with {"quiet": quiet, "one-core": one_core, "stutter": stutter}[condition]() as enter:
        procs = " ".join(str(group / "cgroup.procs") for group in enter) or "/dev/null"
        into = f'for file in {procs}; do echo $$ >$file; done; exec "$@"'
        words = ["sh", "-c", into, "sh", sys.executable, "-s", str(ROOT / "test" / "ci" / "run.py")]
        done = subprocess.run(words, env={**os.environ, "PODMEDIC_SEED": str(seed)})
    return done.returncode, time.monotonic() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--conditions", default=",".join(CONDITIONS))
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31), help="of the first run; each later one has the next")
    options = parser.parse_args()
    conditions = options.conditions.split(",")
    if unknown := set(conditions) - set(CONDITIONS):
        parser.error(f"no such condition: {', '.join(sorted(unknown))}; there are {', '.join(CONDITIONS)}")
    done: list[str] = []
    for number, condition in enumerate(conditions * options.rounds):
        seed = options.seed + number
        print(f"\n== soak: run {number + 1} of {len(conditions) * options.rounds}, {condition}, PODMEDIC_SEED={seed}", flush=True)
        code, seconds = run(condition, seed)
        done.append(f"| {number + 1} | {condition} | {seed} | {'green' if code == 0 else 'RED'} | {int(seconds) // 60}:{int(seconds) % 60:02} |")
        print("\n| run | condition | seed | result | minutes |\n|---|---|---|---|---|\n" + "\n".join(done), flush=True)
        if code != 0:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
