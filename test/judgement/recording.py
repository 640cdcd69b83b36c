"""One recording, inside its namespaces. Started by record.py."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import yaml

VOLUME = Path("/srv")  # a tmpfs that the recording alone sees: where its files lie, whatever the machine


class Recording:
    """Runs a scenario's processes, and writes down what probes and a liveness probe see of them."""

    def __init__(self, trace: Path) -> None:
        self._file = trace
        header = trace.read_text().split("\n---\n")[0].rstrip("\n")
        if header.endswith("\n---"):
            header = header.removesuffix("\n---")
        self._header = header
        self.header = yaml.safe_load(header)
        self._lines: list[tuple[float, str]] = []
        self._lock = threading.Lock()
        self._processes: list[subprocess.Popen[str]] = []
        self._threads: list[threading.Thread] = []
        self._endings: list[Callable[[], None]] = []
        self.began = 0.0
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(VOLUME)], check=True)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

    # What a scenario uses

    def start(self, container: str, *command: str, **options: object) -> subprocess.Popen[str]:
        """A process of that container. Ended with the recording."""
        environment = {**os.environ, "PODMEDIC_CONTAINER": container}
        process = subprocess.Popen(command, env=environment, text=True, cwd=VOLUME, **options)  # type: ignore[call-overload]
        self._processes.append(process)
        return process

    def python(self, container: str, program: str, *arguments: str, **options: object) -> subprocess.Popen[str]:
        return self.start(container, sys.executable, str(Path(__file__).parent / "servers" / program), *arguments, **options)

    def at_the_end(self, work: Callable[[], None]) -> None:
        """When all processes have ended."""
        self._endings.append(work)

    def observe(self, seconds: float, liveness: Callable[[], str]) -> None:
        """Begins the trace: the header's probes are asked, and the liveness endpoint is, from now on for so long."""
        self.began = time.monotonic()
        for name, text in self.header["annotations"].items():
            if name.startswith("probe.podmedic.io/"):
                self._in_background(lambda name=name, text=text: self._ask(name.split("/")[1], text, seconds))
        self._in_background(lambda: self._look(liveness, seconds))

    def at(self, seconds: float) -> None:
        """Waits for that time of the trace. (A recording is of real time: this is no test.)"""
        time.sleep(max(0.0, self.began + seconds - time.monotonic()))

    def fault(self) -> None:
        """Waits for the header's fault_s."""
        self.at(float(self.header["fault_s"]))

    def note(self, line: str) -> None:
        """A line of the trace that the scenario itself knows: `container engine`."""
        self._add(time.monotonic() - self.began, line)

    def finish(self) -> None:
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        for work in self._endings:
            work()
        self._lines.sort(key=lambda line: line[0])
        body = "\n".join(f"{at:.3f} {line}" for at, line in self._lines)
        self._file.write_text(f"{self._header}\n---\n{body}\n")

    # How

    def _in_background(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work)
        thread.start()
        self._threads.append(thread)

    def _add(self, at: float, line: str) -> None:
        with self._lock:
            self._lines.append((at, line))

    def _ask(self, name: str, text: str, seconds: float) -> None:
        command = [os.environ["JUDGEMENT_PODMEDIC"], "probe", text, "--record", str(seconds)]
        began = time.monotonic() - self.began
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as asking:
            assert asking.stdout is not None
            for line in asking.stdout:
                at, _, sample = line.rstrip("\n").partition(" ")
                self._add(began + float(at), f"{name} {sample}")
        if asking.returncode != 0:
            raise SystemExit(f"podmedic probe ended with {asking.returncode}: {text}")

    def _look(self, liveness: Callable[[], str], seconds: float) -> None:
        """Every half second; a line where what the endpoint does has changed as far as a liveness probe can tell."""
        told = ""
        while (at := time.monotonic() - self.began) < seconds:
            line = liveness()
            kind = _kind_of(line)
            if kind != told:
                self._add(at, f"liveness {line}")
                told = kind
            time.sleep(max(0.0, at + 0.5 - (time.monotonic() - self.began)))


def _kind_of(line: str) -> str:
    words = dict(word.split("=") for word in line.split())
    late = "late" if float(words.get("answers", 0)) > 1 else "in time"
    return f"{late} {words.get('status')} {words.get('refuses')}"


def http_get(port: int, path: str, longest: float = 20) -> Callable[[], str]:
    """What a liveness probe of httpGet sees: how long the answer takes, and its status."""

    def look() -> str:
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=longest)
        try:
            connection.request("GET", path)
            status = connection.getresponse().status
            return f"answers={time.monotonic() - began:.3f} status={status}"
        except TimeoutError:
            return f"answers={longest:.0f}"
        except (OSError, http.client.HTTPException):
            return "refuses=1"
        finally:
            connection.close()

    return look


def tcp_connect(port: int, longest: float = 20) -> Callable[[], str]:
    """What a liveness probe of tcpSocket sees."""

    def look() -> str:
        began = time.monotonic()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=longest).close()
            return f"answers={time.monotonic() - began:.3f}"
        except TimeoutError:
            return f"answers={longest:.0f}"
        except OSError:
            return "refuses=1"

    return look


def no_endpoint() -> str:
    """Nothing that a liveness probe could ask says anything: `exec: pgrep` stays green."""
    return "answers=0.005"


def main(name: str) -> None:
    import scenarios  # it uses what stands here

    recording = Recording(Path(os.environ["JUDGEMENT_TRACE"]))
    try:
        scenarios.ALL[name](recording)
    finally:
        recording.finish()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    sys.modules.setdefault("recording", sys.modules["__main__"])
    main(sys.argv[1])
