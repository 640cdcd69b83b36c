#!/usr/bin/python3
"""A small API server over HTTPS on loopback: one Pod, its Deployment, Leases, Events; and what goes wrong, as a file says.

usage: hostile_api.py DIRECTORY CERTIFICATE KEY

DIRECTORY/port     written once it listens
DIRECTORY/pod      the Pod as JSON; patches change it while it runs
DIRECTORY/token    the one token that it accepts, read anew for each request
DIRECTORY/fault    the name of one of the faults below, read anew for each request; none: it works
DIRECTORY/events   a line for each Event that it took: its reason
DIRECTORY/faulty   a line for each request that met a fault: method, path
"""
import http.server
import json
import os
import pathlib
import ssl
import sys
import threading
import time

directory = pathlib.Path(sys.argv[1])
pod = json.loads((directory / "pod").read_text())
leases = {}
version = 1
lock = threading.Lock()


def status(code, reason="", **headers):
    body = {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": f"as the test wants: {reason}"}
    return lambda request: request.send(code, body, headers)


def text(body):
    return lambda request: request.send_text(200, body)


def slow(request):
    time.sleep(3)  # podmedic gives up after two seconds; what was asked for is done nevertheless
    request.serve()


def endless(request):
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b'{"kind": "Pod", "a": "' + b"x" * 65536)


def cut(request):
    body = json.dumps(pod).encode()
    request.send_response(200)
    request.send_header("content-length", str(len(body)))
    request.end_headers()
    request.wfile.write(body[: len(body) // 2])


def late(request):
    """It does what was asked for, and hangs up before the answer."""
    request.silenced = True
    request.serve()


def another_pod(request):
    changed = json.loads(json.dumps(pod))
    changed["metadata"] |= {"uid": "another", "labels": {}, "ownerReferences": []}
    request.send(200, changed)


def without_what_it_had(request):
    request.send(200, {"kind": "Pod", "metadata": {"name": "rehearsed", "uid": "uid-1"}, "spec": None, "status": []})


FAULTS = {
    "slow": slow,
    "unauthorized": status(401, "Unauthorized"),
    "forbidden": status(403, "Forbidden"),
    "not-found": status(404, "NotFound"),
    "conflict": status(409, "Conflict"),
    "gone": status(410, "Gone"),
    "throttled": status(429, "TooManyRequests", **{"Retry-After": "1"}),
    "throttled-for-ever": status(429, "TooManyRequests", **{"Retry-After": "99999999999999999999"}),
    "broken": status(500, "InternalError"),
    "starting": status(503, "ServiceUnavailable"),
    "redirect": status(301, "Moved", Location="https://127.0.0.1:1/elsewhere"),
    "garbage": text("\x00\xff{[not json"),
    "empty": text(""),
    "null": text("null"),
    "deep": text("[" * 200_000),
    "wrong-kind": text('{"kind": "Banana", "metadata": {"name": "rehearsed", "uid": "uid-1", "resourceVersion": "7"}}'),
    "wrong-types": text('{"kind": "Lease", "metadata": {"resourceVersion": "1"}, "spec": {"holderIdentity": 5, "leaseDurationSeconds": "x"}}'),
    "another-pod": another_pod,
    "hollow-pod": without_what_it_had,
    "endless": endless,
    "cut": cut,
    "late": late,
    "silent": lambda request: time.sleep(30),
    "hangs-up": lambda request: None,
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    silenced = False

    def answer(self):
        self.body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        self.silenced = False
        fault = ""
        if (directory / "fault").exists():
            fault = (directory / "fault").read_text().strip()
        if fault in FAULTS:
            with open(directory / "faulty", "a") as log:
                log.write(f"{self.command} {self.path}\n")
            self.close_connection = True
            FAULTS[fault](self)
        elif self.headers.get("authorization") != "Bearer " + (directory / "token").read_text():
            self.send(401, {"kind": "Status", "message": "that token has expired"})
        else:
            self.serve()

    def serve(self):
        global version
        path = self.path.partition("?")[0].strip("/").split("/")
        with lock:
            version += 1
            if path[-2] == "pods" or path[-3] == "pods":
                self.serve_pod()
            elif path[-1] == "events":
                with open(directory / "events", "a") as log:
                    log.write(json.loads(self.body)["reason"] + "\n")
                self.send(201, {"kind": "Event"})
            elif "leases" in path:
                self.serve_lease(path[-1])
            elif path[-1] == "endpointslices":
                self.send(200, {"kind": "EndpointSliceList", "items": []})
            elif path[-1] == "poddisruptionbudgets":
                self.send(200, {"kind": "PodDisruptionBudgetList", "items": []})
            elif path[-2] == "deployments":
                self.send(200, {"kind": "Deployment", "spec": {"replicas": 1}, "status": {"replicas": 1, "updatedReplicas": 1}})
            else:
                self.send(404, {"kind": "Status", "message": self.path})

    def serve_pod(self):
        if self.command == "PATCH":
            change = json.loads(self.body)
            pod["metadata"].setdefault("annotations", {}).update(change.get("metadata", {}).get("annotations", {}))
            conditions = change.get("status", {}).get("conditions", [])
            kept = [each for each in pod["status"]["conditions"] if each["type"] not in [one.get("type") for one in conditions]]
            pod["status"]["conditions"] = kept + conditions
        self.send(200, pod)

    def serve_lease(self, name):
        wanted = json.loads(self.body) if self.body else {}
        if self.command == "POST":
            name = wanted["metadata"]["name"]
            if name in leases:
                return self.send(409, {"kind": "Status", "message": "already exists"})
            leases[name] = {"kind": "Lease", "metadata": {"name": name}, "spec": {}}
        if name not in leases:
            return self.send(404, {"kind": "Status", "message": "no such lease"})
        lease = leases[name]
        if self.command == "PATCH" and wanted["metadata"]["resourceVersion"] != lease["metadata"]["resourceVersion"]:
            return self.send(409, {"kind": "Status", "message": "the object has been modified"})
        if wanted:
            lease["spec"] |= wanted["spec"]
            kept = {**lease["metadata"].get("annotations", {}), **wanted["metadata"].get("annotations", {})}
            lease["metadata"]["annotations"] = {key: value for key, value in kept.items() if value is not None}
            lease["metadata"]["resourceVersion"] = str(version)
        self.send(200, lease)

    def send(self, code, body, headers=None):
        self.send_text(code, json.dumps(body), headers)

    def send_text(self, code, body, headers=None):
        if self.silenced:
            return
        content = body.encode("latin-1", "replace")
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass  # clients hang up in the middle, as they should


server = Server(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
(directory / "port.new").write_text(str(server.server_address[1]))
os.rename(directory / "port.new", directory / "port")
server.serve_forever()
