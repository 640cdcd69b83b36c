"""A small client of the Kubernetes API for the tests: JSON in, JSON out, bounded waits, recorded watches."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

Object = dict[str, Any]
State = TypeVar("State")
# At least ten times as long as anything that the tests wait for was ever seen to take: how fast it comes is `make bench`.
SOON_SECONDS = 180.0
POLL_SECONDS = (0.05, 0.5)  # at first, and in the end: the tests must not be the load


class ApiError(Exception):
    """The API server's answer when it is not a success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class NotFound(ApiError):
    """404: no such object, or no such kind."""


def wait_for(observe: Callable[[], State], holds: Callable[[State], object], description: str, show: Callable[[State], str] = str) -> State:
    """Observes until the state holds, and returns that state. Fails with the last state seen when SOON_SECONDS are used up.

    A look that took long, because the machine stood still, uses up one second. What keeps one from looking (the API's no,
    a connection reset, a file or a field that is not there yet) counts as a state that does not hold.
    """
    left, last_look, pause = SOON_SECONDS, time.monotonic(), POLL_SECONDS[0]
    while True:
        try:
            state = observe()
            if holds(state):
                return state
            last = show(state)
        except (ApiError, OSError, http.client.HTTPException, subprocess.TimeoutExpired, LookupError, json.JSONDecodeError) as error:
            last = f"{type(error).__name__}: {error}"
        now = time.monotonic()
        left, last_look = left - min(now - last_look, 1), now
        if left <= 0:
            raise AssertionError(f"waited {SOON_SECONDS:g} s in vain for {description}; last seen: {last}")
        time.sleep(pause)
        pause = min(pause * 1.3, POLL_SECONDS[1])


class Transport:
    """HTTPS with the client certificate of a kubeconfig; one kept connection a thread."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.kubeconfig = kubeconfig
        self.address = urllib.parse.urlsplit(cluster["server"])
        self._tls = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self._tls.load_cert_chain(user["client-certificate"], user["client-key"])
        self._kept = threading.local()

    def connect(self, timeout: float) -> http.client.HTTPSConnection:
        assert self.address.hostname is not None
        return http.client.HTTPSConnection(self.address.hostname, self.address.port, context=self._tls, timeout=timeout)

    def request(self, method: str, path: str, body: object = None, content_type: str = "application/json", accept: str = "*/*") -> bytes:
        """One request; raises ApiError for an answer of 400 and above, and OSError where there was none."""
        text = None if body is None else json.dumps(body)
        headers = {"Accept": accept, "Content-Type": content_type}
        for attempt in ("kept", "fresh"):
            connection = getattr(self._kept, "connection", None)
            if connection is None:
                attempt = "fresh"
                connection = self._kept.connection = self.connect(timeout=30)
            try:
                connection.request(method, path, text, headers)
                answer = connection.getresponse()
                content = answer.read()
                break
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                self._kept.connection = None
                if attempt == "fresh":
                    raise OSError(f"{method} {path}: {error}") from error
        if answer.status >= 400:
            raise _error(answer.status, content)
        return content


def _error(status: int, content: bytes) -> ApiError:
    try:
        message = json.loads(content)["message"]
    except (ValueError, KeyError, TypeError):
        message = content.decode(errors="replace").strip()
    return NotFound(status, message) if status == 404 else ApiError(status, message)


@dataclass(frozen=True)
class Resource:
    """Where the objects of one kind live."""

    prefix: str  # "/api/v1" or "/apis/GROUP/VERSION"
    plural: str
    namespaced: bool


class Discovery:
    """Finds a kind by any of its names: Kind, plural, singular, short name, each also with .group behind."""

    _ACCEPT = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._resources: dict[str, Resource] = {}

    def find(self, kind: str, api_version: str | None = None) -> Resource:
        key = (f"{api_version}/{kind}" if api_version else kind).lower()
        if key not in self._resources:
            self._read()
        if key not in self._resources:
            raise NotFound(404, f"the API server has no kind {kind} {api_version or ''}".strip())
        return self._resources[key]

    def _read(self) -> None:
        for root in ("/api", "/apis"):
            for group in json.loads(self._transport.request("GET", root, accept=self._ACCEPT))["items"]:
                group_name = group["metadata"].get("name", "")
                for version in group["versions"]:
                    api_version = f"{group_name}/{version['version']}" if group_name else version["version"]
                    for entry in version["resources"]:
                        self._add(entry, group_name, api_version, f"{root}/{api_version}")

    def _add(self, entry: Object, group: str, api_version: str, prefix: str) -> None:
        resource = Resource(prefix, entry["resource"], entry["scope"] == "Namespaced")
        kind = entry["responseKind"]["kind"]
        self._resources[f"{api_version}/{kind}".lower()] = resource
        for name in (kind, entry["resource"], entry.get("singularResource", ""), *entry.get("shortNames", [])):
            for key in (name.lower(), f"{name}.{group}".lower()):
                self._resources.setdefault(key, resource)


class Kube:
    """The cluster as seen from one namespace. `kind` is any name that kubectl takes too: "pod", "deploy", "leases"."""

    def __init__(self, kubeconfig: Path, kubectl: Path, namespace: str = "default", share: Kube | None = None) -> None:
        self.kubectl_binary = kubectl
        self.namespace = namespace
        self.transport: Transport = share.transport if share else Transport(kubeconfig)
        self._discovery: Discovery = share._discovery if share else Discovery(self.transport)

    def at(self, namespace: str) -> Kube:
        """The same cluster, seen from another namespace."""
        return Kube(self.transport.kubeconfig, self.kubectl_binary, namespace, share=self)

    # Objects

    def request(self, method: str, path: str, body: object = None, content_type: str = "application/json") -> Any:
        """For what the methods below do not cover: subresources, raw paths."""
        content = self.transport.request(method, path, body, content_type, accept="application/json")
        return json.loads(content)

    def path(self, kind: str, name: str = "", subresource: str = "", api_version: str | None = None) -> str:
        """The object's path in the API; without a name, that of the collection."""
        resource = self._discovery.find(kind, api_version)
        parts = [resource.prefix]
        parts += [f"namespaces/{self.namespace}"] if resource.namespaced else []
        parts += [part for part in (resource.plural, name, subresource) if part]
        return "/".join(parts)

    def get(self, kind: str, name: str) -> Object:
        """Raises NotFound if there is none."""
        return self.request("GET", self.path(kind, name))

    def items(self, kind: str, labels: str = "", fields: str = "") -> list[Object]:
        query = urllib.parse.urlencode({"labelSelector": labels, "fieldSelector": fields})
        return self.request("GET", f"{self.path(kind)}?{query}")["items"]

    def create(self, manifest: Object) -> Object:
        return self.request("POST", self._path_of(manifest, with_name=False), manifest)

    def apply(self, manifest: Object | str) -> list[Object]:
        """Server-side apply of one object, or of YAML text with several. Returns what the server made of them."""
        documents = yaml.safe_load_all(textwrap.dedent(manifest)) if isinstance(manifest, str) else [manifest]
        return [
            self.request("PATCH", f"{self._path_of(document)}?fieldManager=test&force=true", document, "application/apply-patch+yaml")
            for document in documents
            if document
        ]

    def patch(self, kind: str, name: str, change: Object, subresource: str = "") -> Object:
        """JSON merge patch."""
        return self.request("PATCH", self.path(kind, name, subresource), change, "application/merge-patch+json")

    def annotate(self, kind: str, name: str, **annotations: str | None) -> Object:
        """Keys with dots and slashes: annotate("pod", "p", **{"podmedic.io/mode": "Enforce"}); None removes one."""
        return self.patch(kind, name, {"metadata": {"annotations": annotations}})

    def delete(self, kind: str, name: str, grace_seconds: int | None = None) -> None:
        """Asks for the deletion; that it is gone is what wait_gone waits for. No error if there is none."""
        options: Object = {"propagationPolicy": "Background"}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        try:
            self.request("DELETE", self.path(kind, name), options)
        except NotFound:
            pass

    def _path_of(self, manifest: Object, with_name: bool = True) -> str:
        view = self.at(manifest["metadata"].get("namespace", self.namespace))
        return view.path(manifest["kind"], manifest["metadata"]["name"] if with_name else "", api_version=manifest["apiVersion"])

    # Waits

    def wait_for(self, kind: str, name: str, holds: Callable[[Object], object], description: str) -> Object:
        """Polls one object until `holds`; returns it."""
        return wait_for(lambda: self.get(kind, name), holds, f"{kind} {name}: {description}", show=summary)

    def wait_ready(self, pod: str) -> Object:
        return self.wait_for("pod", pod, is_ready, "to be Ready")

    def wait_gone(self, kind: str, name: str) -> None:
        def gone() -> Object | None:
            try:
                return self.get(kind, name)
            except NotFound:
                return None

        wait_for(gone, lambda found: found is None, f"{kind} {name} to be gone", show=lambda found: summary(found or {}))

    # Pods

    def kubectl(self, *arguments: str, timeout: float = SOON_SECONDS, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs kubectl in this namespace; the caller looks at returncode."""
        command = [str(self.kubectl_binary), f"--kubeconfig={self.transport.kubeconfig}", f"--namespace={self.namespace}"]
        return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=timeout, input=stdin)

    def exec(self, pod: str, command: Sequence[str], container: str | None = None, timeout: float = SOON_SECONDS) -> subprocess.CompletedProcess[str]:
        """Runs a command in a container; returncode is the command's own."""
        place = ["-c", container] if container else []
        return self.kubectl("exec", pod, *place, "--", *command, timeout=timeout)

    def logs(self, pod: str, container: str, previous: bool = False) -> str:
        query = urllib.parse.urlencode({"container": container, "previous": str(previous).lower()})
        return self.transport.request("GET", f"{self.path('pod', pod, 'log')}?{query}").decode(errors="replace")

    def events(self, pod: str, reason: str | None = None) -> list[Object]:
        """The events.k8s.io/v1 events about a Pod, oldest first."""
        found = [
            event
            for event in self.items("events.events.k8s.io")
            if event["regarding"].get("kind") == "Pod"
            and event["regarding"].get("name") == pod
            and reason in (None, event.get("reason"))
        ]
        return sorted(found, key=lambda event: event["metadata"]["creationTimestamp"])

    def story(self) -> str:
        """The Pods and the Events of the namespace, a line each, as far as the API tells."""
        try:
            lines = [f"pod {pod['metadata']['name']}: {summary(pod)}" for pod in self.items("pod")]
            events = sorted(self.items("events.events.k8s.io"), key=lambda event: event["metadata"]["creationTimestamp"])
        except (ApiError, OSError) as error:
            return f"the API does not tell: {error}"
        return "\n".join(
            lines
            + [
                f"{event['metadata']['creationTimestamp']} {event['regarding'].get('kind')} {event['regarding'].get('name')}"
                f" {event.get('reason')}: {event.get('note')}"
                for event in events[-60:]
            ]
        )

    def wait_for_events(self, pod: str, *reasons: str) -> None:
        """Waits until an Event of each reason is about the Pod: podmedic sends them while it goes on."""

        def told() -> set[str]:
            return {event["reason"] for event in self.events(pod)}

        wait_for(told, lambda found: set(reasons) <= found, f"Events {', '.join(reasons)}")

    def host_pids(self, pod: str, container: str) -> list[int]:
        """The PIDs, as the host counts, of all processes of a running container, oldest first: its first process."""
        container_id = container_status(self.get("pod", pod), container)["containerID"].rpartition("/")[2]
        return sorted((pid for pid, cgroups in _cgroups() if container_id in cgroups), key=_age)

    def watch(self, kind: str, name: str = "") -> Watch:
        """Records every version of one object from now on: `with kube.watch("pod", "p") as watch: …`; without a name, of all."""
        return Watch(self.transport, self.path(kind), name)


def _cgroups() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / "cgroup").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue


def _age(pid: int) -> tuple[int, int]:
    """Sorts the older one first; by number alone, an exec probe's process could come first when numbers wrap around."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]), pid  # starttime, proc(5)
    except (FileNotFoundError, ProcessLookupError):
        return sys.maxsize, pid  # it has just ended


@dataclass(frozen=True)
class Version:
    """One version of a watched object, and when it arrived."""

    monotonic: float
    wall: float
    change: str  # ADDED, MODIFIED, DELETED
    object: Object


@dataclass
class Watch:
    """A background thread that records the versions of one object, or of all; it reconnects when the API server went away."""

    transport: Transport
    collection: str
    name: str
    versions: list[Version] = field(default_factory=list)

    def __enter__(self) -> Watch:
        self._ended = threading.Event()
        self._connected = threading.Event()
        self._connection: http.client.HTTPSConnection | None = None
        self._thread = threading.Thread(target=self._run, name=f"watch {self.name}", daemon=True)
        self._thread.start()
        assert self._connected.wait(SOON_SECONDS), f"could not watch {self.collection} {self.name}"
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        connection = self._connection
        if connection is not None and connection.sock is not None:
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._thread.join(timeout=SOON_SECONDS)

    def wait_for(self, holds: Callable[[Version], object], description: str) -> Version:
        """The first recorded version for which `holds`; waits for it if it is still to come."""
        found = wait_for(
            lambda: next((version for version in list(self.versions) if holds(version)), None),
            lambda version: version is not None,
            f"a version of {self.name}: {description}",
            show=lambda _: summary(self.versions[-1].object) if self.versions else "no version",
        )
        assert found is not None
        return found

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._follow()
            except (OSError, http.client.HTTPException, ValueError):
                self._ended.wait(0.2)

    def _follow(self) -> None:
        """One connection: the server sends the present state first, then each change as a line."""
        self._connection = connection = self.transport.connect(timeout=600)
        one = {"fieldSelector": f"metadata.name={self.name}"} if self.name else {}
        query = urllib.parse.urlencode({"watch": "true", **one})
        try:
            connection.request("GET", f"{self.collection}?{query}", headers={"Accept": "application/json"})
            answer = connection.getresponse()
            self._connected.set()
            while line := answer.readline():
                event = json.loads(line)
                if event["type"] in ("ADDED", "MODIFIED", "DELETED"):
                    self._record(event["type"], event["object"])
        finally:
            connection.close()

    def _record(self, change: str, version: Object) -> None:
        seen = {entry.object["metadata"]["resourceVersion"] for entry in self.versions}
        if version["metadata"]["resourceVersion"] not in seen:
            self.versions.append(Version(time.monotonic(), time.time(), change, version))


# Reading Pods


def container_status(pod: Object, container: str) -> Object:
    """The status of a container of any kind; {} as long as there is none."""
    status = pod.get("status", {})
    statuses = status.get("containerStatuses", []) + status.get("initContainerStatuses", [])
    return next((entry for entry in statuses if entry["name"] == container), {})


def condition(subject: Object, kind: str) -> Object | None:
    """A condition of an object's status, by its type."""
    return next((entry for entry in (subject.get("status", {}).get("conditions") or []) if entry["type"] == kind), None)


def is_ready(subject: Object) -> bool:
    return (condition(subject, "Ready") or {}).get("status") == "True"


def summary(subject: Object) -> str:
    """What a failed wait shows: a Pod on one line; of anything else the status."""
    status = subject.get("status", {})
    if subject.get("kind") != "Pod":
        return json.dumps(status or subject)[:1000]
    containers = status.get("initContainerStatuses", []) + status.get("containerStatuses", [])
    parts = [f"phase {status.get('phase')}"]
    parts += [f"{entry['name']} (restarts {entry['restartCount']}) {_state(entry.get('state', {}))}" for entry in containers]
    parts += [
        f"{entry['type']}={entry['status']}" + (f" ({entry['message']})" if entry.get("message") else "")
        for entry in status.get("conditions", [])
    ]
    return "; ".join(parts)


def _state(state: Object) -> str:
    for kind, detail in state.items():
        words = [str(detail[key]) for key in ("reason", "exitCode", "message") if key in detail]
        return " ".join([kind, *words])
    return "no state"
