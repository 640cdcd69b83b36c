"""Builds the programs of the cluster from source, each once."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from layout import BIN, BUILD, SOURCE
from progress import ClusterError, step, wait_until

KUBERNETES_VERSION = "1.37.2"
_KUBERNETES_LDFLAGS = " ".join(
    ["-s -w"]
    + [
        f"-X k8s.io/{package}/version.{name}={value}"
        for package in ("component-base", "client-go/pkg")
        for name, value in (("gitVersion", f"v{KUBERNETES_VERSION}"), ("gitMajor", "1"), ("gitMinor", "37"))
    ]
)


@dataclass(frozen=True)
class Program:
    """One binary. `sources` are the files whose change makes it stale."""

    name: str
    package: str
    cold: str
    directory: Path = SOURCE
    ldflags: str = "-s -w"
    sources: tuple[str, ...] = ("go.mod", "go.sum")

    @property
    def binary(self) -> Path:
        return BIN / self.name

    @property
    def stamp(self) -> Path:
        return BIN / f".{self.name}.stamp"

    def command(self) -> list[str]:
        if self.package.endswith(".c"):
            return ["cc", "-static", "-Os", "-s", "-o", str(self.binary), self.package]
        return ["go", "build", "-v", "-buildvcs=false", "-ldflags", self.ldflags, "-o", str(self.binary), self.package]

    def fingerprint(self) -> str:
        digest = hashlib.sha256(repr(self.command()).encode())
        for source in self.sources:
            digest.update((self.directory / source).read_bytes())
        return digest.hexdigest()

    def is_fresh(self) -> bool:
        return self.binary.exists() and self.stamp.exists() and self.stamp.read_text() == self.fingerprint()


def _kubernetes(name: str, cold: str) -> Program:
    return Program(name, f"k8s.io/kubernetes/cmd/{name}", cold, ldflags=_KUBERNETES_LDFLAGS)


def _containerd(name: str, cold: str) -> Program:
    return Program(name, f"github.com/containerd/containerd/v2/cmd/{name}", cold, directory=SOURCE / "containerd")


KUBECTL = _kubernetes("kubectl", "2 min")
# The times are those of two cores, in this order: each finds the packages of the ones before it compiled.
PROGRAMS = (
    Program("pause", "programs/pause/pause.c", "1 s", sources=("programs/pause/pause.c",)),
    Program("actor", "./programs/actor", "20 s", sources=("programs/actor/main.go",)),
    _containerd("containerd", "1 min"),
    _containerd("containerd-shim-runc-v2", "10 s"),
    _containerd("ctr", "10 s"),
    KUBECTL,
    _kubernetes("kubelet", "3 min"),
    _kubernetes("kube-scheduler", "10 s"),
    _kubernetes("kube-proxy", "10 s"),
    _kubernetes("kube-controller-manager", "2 min"),
    _kubernetes("kube-apiserver", "10 s"),
)

# What one test needs, and no cluster.
JOBSET = Program("jobset-controller", "sigs.k8s.io/jobset", "5 min", directory=SOURCE / "jobset")
HELM = Program("helm", "helm.sh/helm/v4/cmd/helm", "3 min", directory=SOURCE / "helm")


def build_missing(programs: Sequence[Program] = PROGRAMS) -> None:
    """Builds every program that is missing or stale. Go's caches make a second clone's build a matter of linking."""
    BIN.mkdir(parents=True, exist_ok=True)
    for number, program in enumerate(programs, 1):
        if not program.is_fresh():
            with step(f"[{number}/{len(programs)}] building {program.name} (about {program.cold} with a cold Go cache)"):
                _build(program)


def _build(program: Program) -> None:
    log = BUILD / "log" / f"build-{program.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    with log.open("wb") as output:
        build = subprocess.Popen(program.command(), cwd=program.directory, env=environment, stdout=output, stderr=output)
        try:
            wait_until(
                f"building {program.name}",
                lambda: build.poll() is not None,
                timeout=3600,
                heartbeat=lambda: f"{sum(1 for _ in _compiled(log))} packages compiled",
            )
        finally:
            if build.poll() is None:
                build.kill()
                build.wait()
    if build.returncode != 0:
        raise ClusterError(f"{' '.join(program.command())} failed:\n{_last_lines(log)}")
    program.stamp.write_text(program.fingerprint())


def _compiled(log: Path) -> Iterator[str]:
    return (line for line in log.read_text(errors="replace").splitlines() if not line.startswith("go: "))


def _last_lines(log: Path, count: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])

