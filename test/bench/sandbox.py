"""Processes as a Pod has them: own PIDs and an own network with nothing but loopback, so that neither the host's
processes nor its ports are part of a measurement."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from progress import wait_until


class Sandbox:
    """Lives as long as its `with` block; whatever runs in it ends with it."""

    def __enter__(self) -> Sandbox:
        as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        self._launcher = subprocess.Popen(
            ["unshare", *as_root, "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sleep", "infinity"]
        )
        wait_until("the sandbox", lambda: _comm(_child(self._launcher.pid)) == "sleep", timeout=10)
        self._pid_1 = _child(self._launcher.pid)
        subprocess.run([*self.enter(), "ip", "link", "set", "lo", "up"], check=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._launcher.kill()
        self._launcher.wait()

    def enter(self) -> list[str]:
        """The words to put before a command that is to run inside."""
        as_root = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return ["nsenter", "--target", str(self._pid_1), *as_root, "--mount", "--net", "--pid"]

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> Inside:
        return Inside(self.enter(), command, environment)


class Inside:
    """A process in a sandbox. Its output, both streams, is read line by line."""

    def __init__(self, enter: Sequence[str], command: Sequence[str], environment: Mapping[str, str]) -> None:
        # bash says when it becomes the program: from then on time counts.
        words = [*enter, "bash", "-c", 'echo "$EPOCHREALTIME"; exec "$@"', "bash", *command]
        self._entered = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={"PATH": os.environ["PATH"], **environment},
        )
        assert self._entered.stdout is not None
        self._output = self._entered.stdout
        self.started = float(self._output.readline())
        self.pid = _child(self._entered.pid)  # as the host counts

    def line_with(self, *parts: str, timeout: float = 30) -> float:
        """Reads until a line that holds all parts; returns the wall time at which it was there."""
        seen = ""
        with self._killed_after(timeout):
            for line in self._output:
                now = time.time()
                if all(part in line for part in parts):
                    return now
                seen = line
        raise AssertionError(f"no line with {' and '.join(parts)} within {timeout:g} s; the last one was: {seen.strip()}")

    def ended(self, timeout: float = 30) -> tuple[int, float]:
        """Waits for its end; the exit code, and when that was."""
        with self._killed_after(timeout):
            self._output.read()
            code = self._entered.wait()
        return code, time.time()

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self._send_kill()
        self._entered.wait()
        self._output.close()

    def _send_kill(self) -> None:
        if self._entered.poll() is None:
            with suppress(ProcessLookupError):
                self.signal(signal.SIGKILL)
            self._entered.kill()  # nsenter stops itself when its child is stopped

    @contextmanager
    def _killed_after(self, timeout: float) -> Iterator[None]:
        timer = threading.Timer(timeout, self._send_kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def cpu_seconds(self) -> float:
        """Time on a CPU so far, in user and kernel mode, exact to a microsecond where /proc/PID/stat counts in 10 ms."""
        return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{self.pid}/task").glob("*/schedstat")) / 1e9

    def memory(self) -> tuple[float, float]:
        return memory_of(self.pid)


def memory_of(pid: int) -> tuple[float, float]:
    """VmRSS and RssAnon in bytes."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return tuple(float(int(fields[name].split()[0]) * 1024) for name in ("VmRSS", "RssAnon"))  # type: ignore[return-value]


def _child(pid: int) -> int:
    """The first child of a process; 0 as long as there is none."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else 0


def _comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() if pid else ""
    except (FileNotFoundError, ProcessLookupError):
        return ""
