#!/usr/bin/python3
"""An inference server on loopback: an engine thread that makes tokens, an OpenAI-like completion endpoint that streams
them, and metrics by Prometheus' own client library under vLLM's names. Needs Debian's python3-prometheus-client.

usage: inference_server.py DIRECTORY [PORT]

DIRECTORY/port     written once it listens
DIRECTORY/obeyed   the number of the orders that it follows
DIRECTORY/control  JSON, read anew every 5 ms:
  number           of these orders
  prefill, token   seconds until a request's first token, and from one to the next
  tokens           of one answer; 0: it never ends
  stop_after       tokens of one answer after which no more come, and no end either
  keep_warm        seconds after which a stream without a token sends a comment
  error            a stream's last event before the end mark says that it failed
  early_head       the answer's head is sent at once, not with the first token
  work             requests that the server keeps in its own engine, beside those of its clients
  stuck            another thread holds the engine's lock
  metrics          seconds until /metrics answers
"""
import functools
import http.server
import json
import os
import pathlib
import queue
import sys
import threading
import time

import prometheus_client as prometheus

directory = pathlib.Path(sys.argv[1])
control = {"prefill": 0.0, "token": 0.01, "tokens": 4, "early_head": True}
engine_lock = threading.Lock()
requests = queue.Queue()

labels = ["model_name"]
running = prometheus.Gauge("vllm:num_requests_running", "requests in the engine", labels).labels("tiny")
prometheus.Gauge("vllm:num_requests_waiting", "requests in the queue", labels).labels("tiny")
iterations = prometheus.Histogram("vllm:iteration_tokens_total", "tokens of a step", labels, buckets=(1, 8, 64))
generated = prometheus.Counter("vllm:generation_tokens", "tokens made", labels)


@functools.cache
def filler():
    """5 MB of other metrics, as an engine with many label sets shows them."""
    registry = prometheus.CollectorRegistry()
    latency = prometheus.Histogram("other_latency_seconds", "of others", ["path", "method"], registry=registry)
    for number in range(3300):
        latency.labels(f"/models/{number:04}/infer \\ \"quoted\"", "POST").observe(number / 100)
    return prometheus.generate_latest(registry)


class Request:
    def __init__(self):
        self.tokens = queue.Queue()  # a token, or None at the end
        self.gone = False


def run_engine():
    """One request at a time, a token at a time, each under the engine's lock."""
    while True:
        request = requests.get()
        made = 0
        time.sleep(0 if request.gone else control["prefill"])
        while not request.gone:
            if control.get("stop_after") == made:
                time.sleep(0.01)
                continue
            with engine_lock:
                made += 1
                generated.labels("tiny").inc()
                iterations.labels("tiny").observe(1)
            request.tokens.put("x")
            if made == control["tokens"]:
                break
            time.sleep(control["token"])
        request.tokens.put(None)
        running.dec()


def submit():
    running.inc()
    request = Request()
    requests.put(request)
    return request


def follow_control():
    """Does what the file says; the engine's lock is held by this thread, that does not work with it."""
    own = []
    obeyed = 0
    while True:
        control.update(json.loads((directory / "control").read_text()))
        if control.get("stuck") and not engine_lock.locked():
            engine_lock.acquire()
        if not control.get("stuck") and control.get("was_stuck"):
            engine_lock.release()
        control["was_stuck"] = control.get("stuck")
        own = [request for request in own if None not in request.tokens.queue]
        while len(own) < control.get("work", 0):
            own.append(submit())
        for request in own[control.get("work", 0):]:
            request.gone = True
        if control["number"] != obeyed:
            obeyed = control["number"]
            (directory / "obeyed").write_text(str(obeyed))
        time.sleep(0.005)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/health":
            return self.send_whole(200, b"ok")
        if self.path.startswith("/metrics"):
            time.sleep(control.get("metrics", 0))
            make, kind = prometheus.exposition.choose_encoder(self.headers.get("accept", ""))
            more = filler() if self.path == "/metrics?filler" else b""
            return self.send_whole(200, more + make(prometheus.REGISTRY), kind)
        return self.send_whole(404, b"")

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        request = submit()
        try:
            if asked.get("stream"):
                self.stream(request)
            else:
                text = "".join(iter(request.tokens.get, None))[:asked["max_tokens"]]
                self.send_whole(200, json.dumps({"choices": [{"text": text}]}).encode(), "application/json")
        finally:
            request.gone = True

    def stream(self, request):
        if control["early_head"]:
            self.send_head()
        token = request.tokens.get()
        if not control["early_head"]:
            self.send_head()
        while token is not None:
            self.send_chunk("data: " + json.dumps({"choices": [{"text": token}]}) + "\n\n")
            token = self.next_token(request)
        if control.get("error"):
            self.send_chunk("data: " + json.dumps({"error": {"message": "out of memory", "code": 500}}) + "\n\n")
        self.send_chunk("data: [DONE]\n\n")
        self.send_chunk("")

    def next_token(self, request):
        while True:
            try:
                return request.tokens.get(timeout=control.get("keep_warm"))
            except queue.Empty:
                self.send_chunk(": ping\n\n")

    def send_head(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def send_chunk(self, text):
        self.wfile.write(f"{len(text):x}\r\n{text}\r\n".encode())

    def send_whole(self, status, body, kind="text/plain"):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # clients hang up in the middle, as they should


server = Server(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
for task in (follow_control, run_engine):
    threading.Thread(target=task, daemon=True).start()
(directory / "port.new").write_text(str(server.server_address[1]))
os.rename(directory / "port.new", directory / "port")
server.serve_forever()
