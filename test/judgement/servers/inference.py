#!/usr/bin/python3
"""An inference server as most are built: an HTTP front in one process, an engine in another, a worker that the engine
waits for at each step. Its metrics have the names of vLLM, SGLang or TGI, by the Prometheus client library. Health is
answered by the front, which is the reason why it stays green; /health_generate waits for a token of the engine. With
"stream": true a completion comes as server-sent events, one a step.

What is wrong with it is real: a lock that is never given back, permits that leak, a process that is stopped or gone."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import queue
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

TOKENS_A_STEP = 8
NAMES = {
    "vllm": ("vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:generation_tokens", "vllm:iteration_tokens_total", "vllm:request_success"),
    "sglang": ("sglang:num_running_reqs", "sglang:num_queue_reqs", "sglang:generation_tokens", "sglang:iteration_tokens", "sglang:num_requests"),
    "tgi": ("tgi_batch_current_size", "tgi_queue_size", "tgi_generated_tokens", "tgi_batch_forward_duration", "tgi_request_success"),
}


class Shared:
    """Counts that front and engine share."""

    def __init__(self) -> None:
        self.running = multiprocessing.Value("q", 0)
        self.taken = multiprocessing.Value("q", 0)  # from the queue, so far
        self.tokens = multiprocessing.Value("q", 0)
        self.steps = multiprocessing.Value("q", 0)
        self.succeeded = multiprocessing.Value("q", 0)


class Engine:
    """Takes requests, up to a batch of them, and gives each a token a step."""

    def __init__(self, given: argparse.Namespace, shared: Shared, requests: multiprocessing.Queue, results: multiprocessing.Queue) -> None:
        self._given = given
        self._shared = shared
        self._requests = requests
        self._results = results
        self._batch: dict[int, int] = {}  # tokens left, by request
        self._permits = threading.BoundedSemaphore(given.batch)
        self._gate = threading.Lock()
        self._fault = ""

    def run(self) -> None:
        (self._given.pids / "engine.pid").write_text(str(os.getpid()))
        signal.signal(signal.SIGUSR1, lambda *_: setattr(self, "_fault", "deadlock"))
        signal.signal(signal.SIGUSR2, lambda *_: setattr(self, "_fault", "leak"))
        ours, theirs = multiprocessing.Pipe()
        multiprocessing.Process(target=work, args=(theirs, self._given.pids), daemon=True).start()
        while True:
            self._admit()
            if self._batch:
                self._step(ours)
            else:
                time.sleep(0.02)

    def _admit(self) -> None:
        while self._permits.acquire(blocking=False):
            try:
                request, tokens, prompt = self._requests.get_nowait()
            except queue.Empty:
                self._permits.release()
                return
            self._shared.taken.value += 1
            self._prefill(prompt)
            self._batch[request] = tokens
            self._shared.running.value = len(self._batch)

    def _prefill(self, prompt: int) -> None:
        """In chunks, of real computing; each is a step of the engine."""
        self._shared.running.value = len(self._batch) + 1
        for _ in range(prompt):
            until = time.monotonic() + self._given.chunk
            while time.monotonic() < until:
                sum(range(1000))
            self._shared.steps.value += 1

    def _step(self, worker: Connection) -> None:
        with self._gate:
            if self._fault == "deadlock":
                with self._gate:  # the lock is not reentrant
                    pass
            worker.send("step")
            worker.recv()  # a worker that stands makes the engine stand
            self._shared.steps.value += 1
            for request in list(self._batch):
                self._shared.tokens.value += TOKENS_A_STEP
                self._batch[request] -= TOKENS_A_STEP
                if self._batch[request] <= 0:
                    self._end(request)
                else:
                    self._results.put((request, False))
            self._shared.running.value = len(self._batch)
        time.sleep(self._given.step)

    def _end(self, request: int) -> None:
        del self._batch[request]
        self._shared.succeeded.value += 1
        self._results.put((request, True))
        if self._fault != "leak":
            self._permits.release()


def work(engine: Connection, pids: Path) -> None:
    (pids / "worker.pid").write_text(str(os.getpid()))
    while True:
        engine.send(engine.recv())


class Front:
    """Accepts requests, hands them to the engine, and answers when they are done."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.shared = Shared()
        self._requests: multiprocessing.Queue = multiprocessing.Queue()
        self._results: multiprocessing.Queue = multiprocessing.Queue()
        self._engine = multiprocessing.Process(target=Engine(given, self.shared, self._requests, self._results).run)
        self._engine.start()
        self._steps: dict[int, queue.Queue[bool]] = {}
        self._sent = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._collect, daemon=True).start()
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def steps(self, tokens: int, prompt: int) -> Iterator[None]:
        """Gives one item for each step that the engine makes for the request, to the last."""
        with self._lock:
            self._sent += 1
            request = self._sent
            results = self._steps[request] = queue.Queue()
        self._requests.put((request, tokens, prompt))
        is_last = False
        while not is_last:
            is_last = results.get()
            yield

    def complete(self, tokens: int, prompt: int) -> None:
        for _ in self.steps(tokens, prompt):
            pass

    def waiting(self) -> int:
        return self._sent - self.shared.taken.value

    def pending(self) -> int:
        return self._sent - self.shared.succeeded.value

    def _collect(self) -> None:
        while True:
            request, is_last = self._results.get()
            (self._steps.pop(request) if is_last else self._steps[request]).put(is_last)

    def collect(self) -> Iterator[Metric]:
        running, waiting, tokens, steps, success = NAMES[self.given.names]
        alive = self._engine.is_alive()
        yield GaugeMetricFamily(running, "Requests in the batch.", self.shared.running.value if alive else 0)
        yield GaugeMetricFamily(waiting, "Requests in the queue.", self.waiting())
        yield CounterMetricFamily(tokens, "Tokens generated.", self.shared.tokens.value)
        count = self.shared.steps.value
        yield HistogramMetricFamily(steps, "Tokens an iteration.", buckets=[("8", count), ("+Inf", count)], sum_value=float(count))
        ended = CounterMetricFamily(success, "Requests that ended well.", labels=["finished_reason"])
        ended.add_metric(["stop"], self.shared.succeeded.value)
        ended.add_metric(["length"], 0)
        yield ended
        padding = GaugeMetricFamily("model_layer_seconds", "One of many series.", labels=["layer"])
        for layer in range(self.given.series):
            padding.add_metric([str(layer)], 0.5)
        yield padding


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    front: Front

    def do_GET(self) -> None:  # noqa: N802
        if self.path == "/metrics":
            return self._answer(200, generate_latest(self.front.registry))
        if self.path == "/health":
            limit = self.front.given.unhealthy_from
            full = limit > 0 and self.front.waiting() >= limit
            return self._answer(503 if full else 200, b"queue full" if full else b"ok")
        if self.path == "/health_generate":
            self.front.complete(1, 0)
            return self._answer(200, b"ok")
        self._answer(404, b"")

    def do_POST(self) -> None:  # noqa: N802
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        tokens, prompt = asked.get("max_tokens", 64), asked.get("prompt_chunks", 0)
        if asked.get("stream"):
            return self._stream(self.front.steps(tokens, prompt))
        self.front.complete(tokens, prompt)
        self._answer(200, b'{"choices": [{"text": "token"}]}')

    def _stream(self, steps: Iterator[None]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in steps:
            self._event('{"choices": [{"text": "token"}]}')
        self._event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, data: str) -> None:
        event = f"data: {data}\n\n"
        self.wfile.write(f"{len(event):x}\r\n{event}\r\n".encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--model", help="as real ones have it; there is none here")
    parser.add_argument("--load", type=float, default=0, help="seconds before the port is open")
    parser.add_argument("--pids", type=Path, default=Path(), help="where engine.pid and worker.pid are written")
    parser.add_argument("--names", choices=NAMES, default="vllm")
    parser.add_argument("--batch", type=int, default=35)
    parser.add_argument("--step", type=float, default=0.05, help="seconds")
    parser.add_argument("--chunk", type=float, default=0.5, help="seconds of computing a chunk of a prompt")
    parser.add_argument("--unhealthy-from", type=int, default=0, help="waiting requests at which /health says 503; 0: never")
    parser.add_argument("--series", type=int, default=0, help="further series in /metrics")
    given = parser.parse_args()
    time.sleep(given.load)
    Handler.front = Front(given)

    class Server(ThreadingHTTPServer):
        request_queue_size = 512
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # a client that gives up is part of the plan

    Server((given.host, given.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
