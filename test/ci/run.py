#!/usr/bin/python3
"""`make test`: every stage, also after a red one where it can, and at the end a block that says what was wrong.

Logs and lists of results are kept outside of the clone, in ${XDG_CACHE_HOME:-~/.cache}/podmedic/ci, of the last 20 runs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import preflight
import results
from stages import STAGES, Stage

CLONE = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(CLONE / "test" / "cluster"))
import host  # noqa: E402
import node  # noqa: E402

CACHES = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "podmedic"
KEPT_RUNS = 20
HEARTBEAT_SECONDS = 30.0
MOST_FAILURES = 24  # so that the block has 60 lines at most


@dataclass
class Run:
    """One stage at work, or done."""

    stage: Stage
    log: Path
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    seconds: float = 0.0
    code: int | None = None
    last_said: float = 0.0

    @property
    def results(self) -> Path:
        return self.log.with_suffix("")

    def start(self) -> None:
        self.began = self.last_said = time.monotonic()
        self.results.mkdir()
        environment = {**os.environ, "JUNIT_DIRECTORY": str(self.results)}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                ["make", "--directory", str(CLONE), self.stage.target],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    def is_over(self) -> bool:
        assert self.process is not None
        self.seconds = time.monotonic() - self.began
        self.code = self.process.poll()
        return self.code is not None

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def tests(self) -> results.Tests:
        return results.read(sorted(self.results.glob("*.xml")))


@dataclass
class Session:
    """All stages of one `make test`."""

    directory: Path
    began: float = field(default_factory=time.monotonic)
    done: dict[str, Run] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)  # stage -> the one for want of which it could not run
    running: list[Run] = field(default_factory=list)

    def carry_out(self, stages: tuple[Stage, ...]) -> None:
        waiting = list(stages)
        while waiting or self.running:
            for stage in list(waiting):
                if lacking := next((name for name in stage.needs if self._is_red(name)), None):
                    self.left_out[stage.name] = lacking
                    waiting.remove(stage)
                elif all(name in self.done for name in stage.needs) and stage.room not in {run.stage.room for run in self.running}:
                    self._start(stage)
                    waiting.remove(stage)
            time.sleep(0.1)
            self.running = [run for run in self.running if not self._look_at(run)]

    def _is_red(self, name: str) -> bool:
        return name in self.left_out or (name in self.done and self.done[name].code != 0)

    def _start(self, stage: Stage) -> None:
        number = len(self.done) + len(self.running) + 1
        run = Run(stage, self.directory / f"{number:02}-{stage.target}.log")
        run.start()
        self.running.append(run)
        self._say(f"{stage.name} …")

    def _look_at(self, run: Run) -> bool:
        if run.is_over():
            self.done[run.stage.name] = run
            tests = run.tests()
            count = f", {tests.passed} passed, {len(tests.failures)} failed" if tests.passed or tests.failures else ""
            self._say(f"{run.stage.name}: {'ok' if run.code == 0 else 'RED'} in {minutes(run.seconds)}{count}")
            return True
        now = time.monotonic()
        if now - run.last_said >= HEARTBEAT_SECONDS:
            run.last_said = now
            far = results.progress(run.text()[-4000:])
            self._say(f"      … {run.stage.name}, {minutes(run.seconds)}{', ' if far else ''}{far}")
        return False

    def _say(self, line: str) -> None:
        print(f"[{minutes(time.monotonic() - self.began)}] {line}", flush=True)

    def end(self) -> None:
        """Ends what still runs, as Ctrl-C would: a cluster that it started is taken down."""
        for run in self.running:
            assert run.process is not None
            os.killpg(run.process.pid, signal.SIGTERM)
        for run in self.running:
            assert run.process is not None
            try:
                run.process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(run.process.pid, signal.SIGKILL)


def minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def summary(session: Session, machine: dict[str, object], left_over: list[str], stages: tuple[Stage, ...]) -> tuple[list[str], bool]:
    """The block at the end, and whether all is well."""
    failures: dict[str, str] = {}
    table, passed = [], 0
    for stage in stages:
        run = session.done.get(stage.name)
        if run is None:
            lacking = session.left_out.get(stage.name)
            table.append(f"  {stage.name:20} not run   {'needs ' + lacking if lacking else 'interrupted'}")
            continue
        tests = run.tests()
        passed += tests.passed
        failures |= tests.failures
        if run.code != 0 and not tests.failures:
            failures[stage.name] = results.log_reason(run.text()) or f"exit code {run.code} and not a word"
        count = f"   {tests.passed + len(tests.failures)} tests" if tests.passed else ""
        table.append(f"  {stage.name:20} {'ok     ' if run.code == 0 else 'FAILED '} {minutes(run.seconds):>7}{count}")
    well = not failures and not session.left_out and len(session.done) == len(stages)
    head = f"commit {_git('log', '-1', '--format=%h %s')[:90]}{_changes()}"
    lines = ["", f"== make test: {'GREEN' if well else 'RED'} in {minutes(time.monotonic() - session.began)} ".ljust(100, "="), head, *table]
    if failures:
        lines.append("failed:")
        lines += [f"  {name}: {reason}" for name, reason in list(failures.items())[:MOST_FAILURES]]
        if len(failures) > MOST_FAILURES:
            lines.append(f"  … and {len(failures) - MOST_FAILURES} more, in the logs")
    lines.append(_of_machine(machine))
    lines.append("left over from earlier runs: " + ("; ".join(left_over) or "nothing"))
    lines.append(f"seed: {os.environ.get('PODMEDIC_SEED', 'the fixed one of each test')}")
    lines.append(f"logs: {session.directory}")
    lines.append(f"{passed} passed, {len(failures)} failed")
    return lines, well


def _of_machine(seen: dict[str, object]) -> str:
    if not seen:
        return "machine: not watched"
    at = time.strftime("%H:%M:%S", time.gmtime(float(str(seen["stalled_at"]))))
    pressure = seen["pressure_max_percent"]
    assert isinstance(pressure, dict)
    return (
        f"machine: {os.cpu_count()} processors, longest stall {seen['stall_seconds']:.2f} s at {at} UTC, load {seen['load_max']:.1f} at most,"
        f" PSI some cpu/memory/io {pressure['cpu']:.0f}/{pressure['memory']:.0f}/{pressure['io']:.0f} % at most,"
        f" steal {seen['steal_percent']:.1f} %, free disk {int(str(seen['free_disk_min_bytes'])) / 2**30:.0f} GiB at least,"
        f" OOM kills {seen['oom_kills']}"
    )


def _git(*words: str) -> str:
    return subprocess.run(["git", "-C", str(CLONE), *words], capture_output=True, text=True).stdout.strip()


def _changes() -> str:
    changed = len(_git("status", "--porcelain").splitlines())
    return f", and {changed} files changed since" if changed else ""


def _new_directory() -> Path:
    parent = CACHES / "ci"
    parent.mkdir(parents=True, exist_ok=True)
    runs = sorted(entry for entry in parent.iterdir() if entry.is_dir())
    for old in runs[: -(KEPT_RUNS - 1)]:
        shutil.rmtree(old, ignore_errors=True)
    directory = parent / f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{_git('rev-parse', '--short', 'HEAD') or 'no-commit'}"
    directory.mkdir()
    return directory


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stages", metavar="NAMES", help="only these and what they need, with commas between: " + ", ".join(s.name for s in STAGES))
    stages = _chosen(parser.parse_args().stages)
    if lacking := preflight.missing(CLONE, CACHES):
        print("make test: this machine lacks", file=sys.stderr)
        print("\n".join(f"  - {line}" for line in lacking), file=sys.stderr)
        return 1
    directory = _new_directory()
    host.use_system_path()
    left_over = node.end_all()
    seen = directory / "machine.json"
    watcher = subprocess.Popen([sys.executable, "-s", str(Path(__file__).with_name("watch.py")), str(seen)])
    session = Session(directory)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        session.carry_out(stages)
    except KeyboardInterrupt:
        session.end()
    finally:
        watcher.kill()
        watcher.wait()
    machine = json.loads(seen.read_text()) if seen.exists() else {}
    lines, well = summary(session, machine, left_over, stages)
    (directory / "summary.txt").write_text("\n".join(lines) + "\n")
    print("\n".join(lines), flush=True)
    return 0 if well else 1


def _chosen(names: str | None) -> tuple[Stage, ...]:
    if names is None:
        return STAGES
    wanted = set(names.split(","))
    if unknown := wanted - {stage.name for stage in STAGES}:
        sys.exit(f"run.py: no such stage: {', '.join(sorted(unknown))}. There are: {', '.join(stage.name for stage in STAGES)}")
    for stage in reversed(STAGES):
        if stage.name in wanted:
            wanted |= set(stage.needs)
    return tuple(stage for stage in STAGES if stage.name in wanted)


if __name__ == "__main__":
    sys.exit(main())
