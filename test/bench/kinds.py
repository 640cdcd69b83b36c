"""A probe of each kind as it is on a Pod that is well, and what it needs beside podmedic."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from podmedic import GRPC_PORT, HTTP_PORT, POD, Programs, model_server
from progress import wait_until
from sandbox import Sandbox

METRICS_PORT = 9000
SERIES = 1000
WRITES_A_SECOND = 10


@dataclass(frozen=True)
class Target:
    kind: str
    fields: dict[str, object]
    container: str = "engine"

    def annotation(self, period_seconds: float) -> str:
        return json.dumps({self.kind: self.fields, "container": self.container, "periodSeconds": period_seconds})


@contextmanager
def well(programs: Programs, sandbox: Sandbox) -> Iterator[dict[str, Target]]:
    """Starts what the probes look at, and gives a target of each kind."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=programs.directory, prefix="targets-")))
        stack.enter_context(model_server(programs, sandbox))
        _write_files(directory)

        def start(container: str, *command: str) -> None:
            # Nobody reads what they say, and a full pipe would stop them.
            words = ["bash", "-c", 'exec "$@" >/dev/null 2>&1', "bash", *command]
            stack.callback(sandbox.start(words, {"PODMEDIC_POD": POD, "PODMEDIC_CONTAINER": container}).kill)

        start("metrics", "python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(directory), str(METRICS_PORT))
        start("shipper", "tail", "-F", str(directory / "app.log"))
        start("writer", "python3", "-c", _WRITER, str(directory), str(1 / WRITES_A_SECOND))
        _wait_until_served(sandbox)
        yield {
            target.kind: target
            for target in (
                Target("grpc", {"port": GRPC_PORT}),
                Target("http", {"port": HTTP_PORT, "path": "/health"}),
                Target("tcpSocket", {"port": HTTP_PORT}),
                Target("exec", {"command": ["/bin/true"]}),
                Target("progress", {"port": METRICS_PORT, "path": "/metrics", "pending": "pending", "counter": "done_total"}, "metrics"),
                Target("heartbeat", {"file": str(directory / "alive")}, "writer"),
                Target("process", {"maxOpenFiles": "90%", "maxThreads": 1000, "spinningSeconds": 60}),
                Target("memory", {"maxUsage": "99%", "limit": "1Ti"}),
                Target("logTail", {"path": str(directory / "app.log")}, "shipper"),
                Target("credential", {"file": str(directory / "tls.crt"), "keyFile": str(directory / "tls.key")}),
                Target("connections", {"peerPorts": [5432], "listenPorts": [GRPC_PORT]}),
                Target("configChange", {"files": [str(directory / "app.yaml")]}),
            )
        }


_WRITER = """
import pathlib, sys, time
directory = pathlib.Path(sys.argv[1])
with (directory / "app.log").open("a") as log:
    while True:
        log.write("a line\\n" * 10)
        log.flush()
        (directory / "alive").touch()
        time.sleep(float(sys.argv[2]))
"""


def _write_files(directory: Path) -> None:
    series = "".join(f'model_layer_seconds{{layer="{number}"}} 0.5\n' for number in range(SERIES))
    (directory / "metrics").write_text(f"# TYPE pending gauge\npending 0\n# TYPE done counter\ndone_total 7\n{series}")
    (directory / "app.yaml").write_text("replicas: 1\n")
    (directory / "app.log").touch()
    (directory / "alive").touch()
    make_key = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj", "/CN=bench"]
    subprocess.run([*make_key, "-keyout", "tls.key", "-out", "tls.crt"], cwd=directory, check=True, capture_output=True)


def _wait_until_served(sandbox: Sandbox) -> None:
    ask = [*sandbox.enter(), "python3", "-c", f"import urllib.request as r; r.urlopen('http://127.0.0.1:{METRICS_PORT}/metrics').read()"]
    wait_until("the metrics", lambda: subprocess.run(ask, capture_output=True).returncode == 0, timeout=20)
