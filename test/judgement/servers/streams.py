#!/usr/bin/python3
"""A server whose parts fail apart: health, completions as server-sent events, and work of one thread. GET /fault?NAME
makes one of them real: `silent` streams stop in the middle, `keepalive` streams go on with comments alone, `blocked`
work waits for a lock that nobody gives back, `poisoned` work fails at once, `slots` hangs its own page."""

from __future__ import annotations

import argparse
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fault = ""
    user_loop = threading.Lock()

    def do_GET(self) -> None:  # noqa: N802
        path, _, query = self.path.partition("?")
        if path == "/fault":
            Handler.fault = query
            if query == "blocked":
                threading.Thread(target=Handler.user_loop.acquire, daemon=True).start()
            return self._answer(200)
        if path in ("/health", "/-/healthz", "/v2/health/ready"):
            return self._answer(200)
        if path == "/slots" and Handler.fault == "slots":
            threading.Event().wait()
        with Handler.user_loop:
            self._answer(500 if Handler.fault == "poisoned" else 200)

    def do_POST(self) -> None:  # noqa: N802
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if Handler.fault == "poisoned":
            return self._answer(500)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for token in range(8):
            self._chunk(f"data: token {token}\n\n")
            time.sleep(0.05)
            if token == 3 and Handler.fault == "silent":
                threading.Event().wait()
            while token == 0 and Handler.fault == "keepalive":
                time.sleep(1)
                self._chunk(": keepalive\n\n")
        self._chunk("data: [DONE]\n\n")
        self._chunk("")

    def _chunk(self, text: str) -> None:
        self.wfile.write(f"{len(text):x}\r\n{text}\r\n".encode())
        self.wfile.flush()

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


def start_child(name: str) -> None:
    if (pid := os.fork()) == 0:
        Path("/proc/self/comm").write_text(name)
        threading.Event().wait()
    Path(f"{name}.pid").write_text(str(pid))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--child", metavar="NAME", help="starts one by that name, and never waits for it")
    given = parser.parse_args()
    if given.child:
        start_child(given.child)

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # a client that gives up is part of the plan

    Server(("127.0.0.1", given.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
