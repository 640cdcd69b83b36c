"""Calls at a fixed rate from the host, whose packets kube-proxy's rules take to a Pod of a Service."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any


class Load:
    """`model-server call` with these options: Load(program, address="IP:PORT", rate=50, timeout_ms=2000).

    Each call has a channel of its own, as many clients with a connection each: calls on one held channel would all meet
    one replica.
    """

    def __init__(self, model_server: Path, **options: object) -> None:
        words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        self._process = subprocess.Popen(
            [str(model_server), "call", *words, "--fresh-channel-per-call"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def result(self) -> dict[str, Any]:
        """Waits until it has ended by itself. What became of the calls; `failures` is a line for each that failed."""
        output, errors = self._process.communicate()
        assert self._process.returncode == 0, f"the load ended with {self._process.returncode}: {errors}"
        return {**json.loads(output), "failures": errors.splitlines()}

    def stop(self) -> dict[str, Any]:
        """Lets what is under way end, and no more begin."""
        self._process.send_signal(signal.SIGTERM)
        return self.result()

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()
