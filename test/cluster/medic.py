"""What podmedic did in a Pod, seen from outside: its log of all lives, its ledger, metrics and status."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cluster import Cluster
from kube import ApiError, Kube, Object, wait_for
from layout import LOG

_LINE = re.compile(r"(?P<time>\S+Z) (?P<level>\w+) +(?P<rest>.*)")
_FIELD = re.compile(r' (\w+)=("(?:[^"\\]|\\.)*"|\S+)')


@dataclass(frozen=True)
class Entry:
    """One line of podmedic's log."""

    life: int  # 0 is the Pod's first
    time: float  # Unix
    text: str
    fields: dict[str, str]

    @property
    def reason(self) -> str:
        return self.fields.get("reason", "")


class Medic:
    """podmedic in one Pod. Everything is read from the node and the Pod's address, so it works without the API's help."""

    watched: list[Medic] = []  # whose logs a failed test shows (conftest.py)

    def __init__(self, cluster: Cluster, kube: Kube, pod: str) -> None:
        self.kube = kube
        self.pod = pod
        self._cluster = cluster
        self._address = ""
        self._created = wait_for(lambda: kube.get("pod", pod), bool, f"pod {pod} to exist")
        Medic.watched.append(self)

    # The log

    def entries(self) -> list[Entry]:
        return list(self._entries())

    def _entries(self) -> Iterator[Entry]:
        for life, text in enumerate(self.lives_of("podmedic")):
            for line in text.splitlines():
                if found := _LINE.match(line):
                    fields = {name: value.strip('"') for name, value in _FIELD.findall(found["rest"])}
                    yield Entry(life, datetime.fromisoformat(found["time"]).timestamp(), line, fields)

    def reasons(self, life: int | None = None) -> list[str]:
        """The reasons that the log gives, in their order."""
        return [entry.reason for entry in self.entries() if entry.reason and life in (None, entry.life)]

    def log(self) -> str:
        lives = enumerate(self.lives_of("podmedic"))
        return "\n".join(f"--- life {life} of podmedic in pod {self.pod}\n{text}" for life, text in lives)

    def lives_of(self, container: str) -> list[str]:
        """The log of each life of a container that the node still has, oldest first: when the API has forgotten a life,
        the node keeps its log for a while."""
        pod = f"{self.kube.namespace}_{self.pod}_{self._created['metadata']['uid']}"
        files = sorted((LOG / "pods" / pod / container).glob("*.log"), key=lambda file: int(file.stem))
        texts = []
        for file in files:
            with contextlib.suppress(FileNotFoundError):  # the kubelet has just tidied it away
                texts.append(_without_cri_prefix(file.read_text(errors="replace")))
        return texts

    # What it keeps and shows

    def ledger(self) -> Object:
        return json.loads((self.volume("podmedic-state") / "ledger.json").read_text())

    def volume(self, name: str) -> Path:
        """Where an emptyDir of the Pod lies on the host."""
        return self._cluster.empty_dir(self._created, name)

    def status(self) -> Object:
        return json.loads(self._get("/status"))

    def metrics(self) -> str:
        return self._get("/metrics")

    def metric(self, sample: str) -> float | None:
        """The value of a sample as it stands on the page: metric('podmedic_phase{phase="Holding"}')."""
        for line in self.metrics().splitlines():
            name, _, value = line.rpartition(" ")
            if name == sample:
                return float(value)
        return None

    def wait_for_metric(self, sample: str, value: float) -> None:
        wait_for(lambda: self.metric(sample), lambda found: found == value, f"{sample} to be {value:g}")

    def mirrored(self) -> Object:
        """The annotation podmedic.io/last-restart; {} where there is none."""
        return json.loads(self.kube.get("pod", self.pod)["metadata"].get("annotations", {}).get("podmedic.io/last-restart", "{}"))

    def command(self, *words: str) -> str:
        """What a podmedic command prints in podmedic's container."""
        done = self.kube.exec(self.pod, ["/podmedic", *words], "podmedic")
        assert done.returncode == 0, f"podmedic {' '.join(words)}: {done.stderr}"
        return done.stdout

    def _get(self, path: str) -> str:
        try:
            self._address = self._address or self.kube.get("pod", self.pod)["status"]["podIP"]  # it keeps it
            address = self._address
            return urllib.request.urlopen(f"http://{address}:9484{path}", timeout=20).read().decode()
        except (OSError, http.client.HTTPException, KeyError) as error:  # it may end in the middle of its answer
            raise ApiError(0, f"podmedic does not answer: {error}") from error

    # Faults and waits

    def fault(self, kind: str) -> None:
        """Makes the model server ill: stop, continue, hang or kill."""
        done = self.kube.exec(self.pod, ["/model-server", "fault", kind], "front")
        assert done.returncode == 0, done.stderr

    def wait_for_reason(self, reason: str, times: int = 1) -> Entry:
        """Waits until the log gives the reason (for the so-manieth time), and returns that line."""

        def found() -> list[Entry]:
            return [entry for entry in self.entries() if entry.reason == reason]

        found_all = wait_for(found, lambda all: len(all) >= times, f"{reason} x{times} in the log", lambda _: self.tail())
        return found_all[times - 1]

    def wait_for_phase(self, phase: str) -> Object:
        return self._wait_for_status(lambda status: status["phase"] == phase, f"phase to be {phase}")

    def wait_until_well(self) -> Object:
        """Waits until podmedic watches, and every probe has passed: before that, failures may not count."""

        def is_well(status: Object) -> bool:
            return status["phase"] == "Watching" and all(probe["standing"] == "Healthy" for probe in status["probes"])

        return self._wait_for_status(is_well, "probes to pass")

    def _wait_for_status(self, holds: Callable[[Object], object], description: str) -> Object:
        return wait_for(self.status, holds, f"podmedic's {description}", lambda _: self.tail())

    def tail(self, lines: int = 12) -> str:
        return "\n" + "\n".join(entry.text for entry in self.entries()[-lines:])


def _without_cri_prefix(text: str) -> str:
    """The kubelet's files have "TIME stream F " in front of every line."""
    return "\n".join(line.split(" ", 3)[-1] for line in text.splitlines())


def in_order(wanted: list[str], given: list[str]) -> bool:
    """Whether all of `wanted` are in `given`, in that order, with anything between."""
    rest = iter(given)
    return all(each in rest for each in wanted)
