"""`podmedic run` and the server that it probes, as processes of a sandbox that stand for a Pod's containers."""

from __future__ import annotations

import http.client
import json
import re
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox import Inside, Sandbox

POD = "bench"
GRPC_PORT = 8001
HTTP_PORT = 8080


@dataclass(frozen=True)
class Programs:
    """The programs that are measured, and where results go."""

    podmedic: Path
    model_server: Path
    grpc_health_probe: Path
    directory: Path


class Podmedic(Inside):
    """A running `podmedic run`."""

    def __init__(self, programs: Programs, sandbox: Sandbox, annotations: Mapping[str, str], directory: Path, log_level: str) -> None:
        podinfo = directory / "annotations"
        podinfo.write_text("".join(f"{name}={json.dumps(value)}\n" for name, value in annotations.items()))
        self.state = directory / "state"
        self.state.mkdir()
        command = [str(programs.podmedic), "run", "--podinfo", str(podinfo), "--state-dir", str(self.state), "--log-level", log_level]
        now = int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000)
        # As `podmedic rehearse` starts it: containers are told by their environment instead of by their cgroup, and the
        # Pod is as young as podmedic, so that a missing ledger is no loss.
        environment = {"PODMEDIC_POD": POD, "PODMEDIC_CONTAINER": "podmedic", "PODMEDIC_SANDBOX_STARTED_MS": str(now)}
        super().__init__(sandbox.enter(), command, environment)

    def checks(self) -> int:
        """How many checks have passed so far."""
        passed = re.findall(r'podmedic_probe_checks_total\{.*verdict="Pass"\} (\S+)', self._ask("/metrics"))
        return sum(int(float(value)) for value in passed)

    def _ask(self, path: str) -> str:
        sockets = [entry for entry in self.state.iterdir() if entry.is_socket()]
        assert sockets, f"no socket in {self.state}"
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(sockets[0]))
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: podmedic\r\nConnection: close\r\n\r\n".encode())
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return answer.read().decode()


@contextmanager
def podmedic(programs: Programs, sandbox: Sandbox, annotations: Mapping[str, str], log_level: str = "warning") -> Iterator[Podmedic]:
    """Its state lies on the disk that build/ is on, as an emptyDir does."""
    with tempfile.TemporaryDirectory(dir=programs.directory, prefix="run-") as directory:
        running = Podmedic(programs, sandbox, annotations, Path(directory), log_level)
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def model_server(programs: Programs, sandbox: Sandbox) -> Iterator[Inside]:
    """Serving, in a sandbox, at GRPC_PORT and HTTP_PORT."""
    command = [str(programs.model_server), "--port", str(GRPC_PORT), "--http-port", str(HTTP_PORT)]
    server = sandbox.start(command, {"PODMEDIC_POD": POD, "PODMEDIC_CONTAINER": "engine"})
    try:
        server.line_with(" ready")
        yield server
    finally:
        server.kill()
