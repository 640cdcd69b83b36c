"""The exit codes of docs/commands.md, each got from the program. Usage: exit_codes_test.py PODMEDIC"""

from __future__ import annotations

import contextlib
import http.server
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from collections.abc import Iterator
from pathlib import Path

from pages import DOCS, ROOT, rows

sys.path.insert(0, str(DOCS))
from commands import commands  # noqa: E402

PODMEDIC = ""
# What takes a Pod that is restarted: test/integration/rehearsal/rehearse_test.cpp, and the last test/cluster/test_restart_container.py.
IN_A_POD = {("run", 88), ("check", 1), ("rehearse", 0), ("rehearse", 130), ("restart", 0)}
POD = ROOT / "examples" / "wedged-grpc" / "pod.yaml"


def code_of(*arguments: str | Path, given: str = "") -> int:
    return subprocess.run([PODMEDIC, *map(str, arguments)], input=given, text=True, capture_output=True, timeout=60).returncode


@contextlib.contextmanager
def sidecar(directory: Path, mode: str) -> Iterator[subprocess.Popen]:
    """`podmedic run` outside of a Pod: it can be asked and told to end, and may restart nothing."""
    (directory / "annotations").write_text(f'podmedic.io/mode="{mode}"\n')
    (directory / "state").mkdir()
    run = subprocess.Popen([PODMEDIC, "run", "--state-dir", directory / "state", "--podinfo", directory / "annotations",
                            "--address", "127.0.0.1", "--port", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while code_of("status", "--state-dir", directory / "state") != 0:
            if time.monotonic() > deadline:
                raise TimeoutError("the sidecar does not answer")
            time.sleep(0.05)
        yield run
    finally:
        run.kill()
        run.wait()


class Unhealthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(500)

    def log_message(self, *_: object) -> None:
        pass


class ExitCodes(unittest.TestCase):
    seen: set[tuple[str, int]] = set()

    @classmethod
    def tearDownClass(cls) -> None:
        table = {(row[0].strip("`"), int(row[1])) for row in rows((DOCS / "commands.md").read_text(), "## Exit codes")}
        assert cls.seen | IN_A_POD == table, f"not in the table, or not got: {(cls.seen | IN_A_POD) ^ table}"

    def ends(self, code: int, *arguments: str | Path, given: str = "") -> None:
        self.assertEqual(code_of(*arguments, given=given), code, arguments)
        self.seen.add((str(arguments[0]), code))

    def test_every_command_has_a_code_and_a_place_on_the_page(self) -> None:
        page = (DOCS / "commands.md").read_text()
        names = set(commands(PODMEDIC))
        self.assertLessEqual(names, {row[0].strip("`") for row in rows(page, "## Exit codes")})
        places = page.split("\n| where | commands |\n")[1].split("\n\n")[0]
        self.assertEqual(names, {words.split()[0] for words in re.findall(r"`([a-z-]+[^`]*)`", places)} - {"kubectl", "bash", "fish", "zsh", "source"})

    def test_of_a_check_by_hand(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent, \
                http.server.ThreadingHTTPServer(("127.0.0.1", 0), Unhealthy) as unhealthy:
            threading.Thread(target=unhealthy.serve_forever, daemon=True).start()
            port, refusing = silent.getsockname()[1], unhealthy.server_port
            self.ends(0, "probe", f"tcpSocket: {{port: {port}}}")
            self.ends(3, "probe", "--timeout-seconds", "0.2", f"http: {{port: {port}}}")
            self.ends(4, "probe", f"http: {{port: {refusing}}}")
            unhealthy.shutdown()
        self.ends(1, "probe", "telepathy: {}")
        self.ends(2, "probe", f"tcpSocket: {{port: {port}}}")

    def test_of_what_reads_manifests(self) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as wrong:
            wrong.write(POD.read_text().replace("periodSeconds: 1\n", "periodSecond: 1\n"))
            wrong.flush()
            self.ends(0, "validate", "-f", POD)
            self.ends(1, "validate", "-f", wrong.name)
            self.ends(1, "rehearse", "-f", wrong.name)
        self.ends(1, "inject", given="a: *anchor\n")
        self.ends(0, "inject", "-f", POD)
        self.ends(0, "explain", "-f", POD)
        self.ends(1, "explain", "-f", ROOT / "deploy" / "rbac.yaml")
        for command in ("validate", "inject", "explain"):
            self.ends(2, command, "-f", "/nowhere.yaml")

    def test_of_what_needs_neither_a_pod_nor_a_manifest(self) -> None:
        self.ends(0, "completion", "bash")
        self.ends(0, "preset", "vllm")
        self.ends(1, "preset", "perpetuum-mobile")
        self.ends(0, "simulate", "--replicas", "1", "--hours", "0.5", "--fault", "wedge:at=60s")
        self.ends(1, "simulate", "--fault", "gremlins")
        for given, code in ((["--help"], 0), (["--version"], 0), (["dance"], 1), (["status", "--dance"], 1)):
            self.assertEqual(code_of(*given), code, given)
            self.seen.add(("podmedic", code))

    def test_of_what_asks_the_sidecar(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            state = ("--state-dir", Path(scratch) / "state")
            for command in (["check", "readiness"], ["stand-down"], ["status"], ["restart", "--reason", "a test"]):
                self.ends(2, *command, *state)
            with sidecar(Path(scratch), "Observe") as run:
                self.ends(0, "status", *state)
                self.ends(1, "status", "--show", "nothing.txt", *state)
                self.ends(0, "check", "liveness", *state)
                self.ends(1, "restart", "--reason", "Observe forbids it", *state)
                self.ends(0, "stand-down", *state)
                run.terminate()
                self.assertEqual(run.wait(timeout=30), 0)
                self.seen.add(("run", 0))


if __name__ == "__main__":
    PODMEDIC = sys.argv.pop(1)
    unittest.main()
