"""A Pod of local processes for the page: a real `podmedic run`, what it probes, and a kubelet that restarts all of them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RESTART_EXIT_CODE = 88
PATIENCE_SECONDS = 30


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


class Pod:
    """`annotations` may say {grpc} and {http}: the ports of the model server, its one container `engine`."""

    def __init__(self, annotations: dict[str, str], build: Path, name: str = "engine-0") -> None:
        self._build = build
        self._name = name
        self._directory = tempfile.TemporaryDirectory(prefix="podmedic-pod-")
        self._state = Path(self._directory.name, "state")
        self._state.mkdir()
        self._grpc, self._http, self._own = free_ports(3)
        said = {key: value.replace("{grpc}", str(self._grpc)).replace("{http}", str(self._http)) for key, value in annotations.items()}
        Path(self._directory.name, "annotations").write_text("".join(f"{key}={json.dumps(value)}\n" for key, value in said.items()))
        self._sandbox_started = int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000)
        self.url = f"http://127.0.0.1:{self._own}/"
        self.start()

    def start(self) -> None:
        servers = self._build / ("test/servers" if (self._build / "test/servers").exists() else "")
        self._engine = self._container("engine", str(servers / "model-server"), "--port", str(self._grpc), "--http-port", str(self._http))
        self._podmedic = self._container(
            "podmedic", str(self._build / "podmedic"), "run", "--podinfo", f"{self._directory.name}/annotations", "--state-dir", str(self._state),
            "--override", f"{self._directory.name}/override", "--pod-name", self._name, "--address", "127.0.0.1", "--port", str(self._own))

    def wedge(self) -> None:
        self._engine.send_signal(signal.SIGSTOP)

    def stop_all(self) -> None:
        """Waits until podmedic asks for the restart of all containers, and ends them."""
        assert self._podmedic.wait(PATIENCE_SECONDS) == RESTART_EXIT_CODE
        self._engine.kill()
        self._engine.wait()

    def ask_for_restart(self, reason: str) -> None:
        subprocess.run([self._build / "podmedic", "restart", "--reason", reason, "--state-dir", str(self._state)], check=True, capture_output=True)

    def status(self) -> dict[str, Any]:
        with urllib.request.urlopen(self.url + "status", timeout=5) as answer:
            return json.load(answer)

    def memory(self) -> int:
        """podmedic's resident bytes."""
        return int(Path(f"/proc/{self._podmedic.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def __enter__(self) -> Pod:
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._podmedic, self._engine):
            each.kill()
            each.wait()
        self._directory.cleanup()

    def _container(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        environment = {"PATH": "/usr/bin:/bin", "PODMEDIC_POD": self._name, "PODMEDIC_CONTAINER": name,
                       "PODMEDIC_SANDBOX_STARTED_MS": str(self._sandbox_started)}
        log = open(Path(self._directory.name, name + ".log"), "ab")  # noqa: SIM115  the process has it
        with log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log)
