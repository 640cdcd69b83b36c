"""What `make test` needs that no package brings: all that is missing is named at once, before anything is built."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

FREE_DISK_GIB = 12  # Go's cache 5, ccache 2, the builds of one clone 4
OLDEST_GO = 26
# The kubelet binds unix sockets below build/cluster/state; the kernel takes paths of 107 bytes (unix(7)).
LONGEST_CLONE_PATH = 107 - len("/build/cluster/state/kubelet/device-plugins/kubelet.sock")


def missing(clone: Path, caches: Path) -> list[str]:
    """A line for each thing that this machine lacks: what, why, and what to do about it."""
    return [line for line in (*_root_and_namespaces(), _go(), *_disk(clone, caches), _path(clone), _packages()) if line]


def _root_and_namespaces() -> list[str]:
    if os.geteuid() != 0:
        return ["root: the test cluster's namespaces, mounts and cgroups need it. Run it as root, or with sudo"]
    if shutil.which("unshare") is None:
        return ["the program unshare: install the package util-linux"]
    attempt = ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "true"]
    done = subprocess.run(attempt, capture_output=True, text=True)
    if done.returncode == 0:
        return []
    why = done.stderr.strip()
    return [f"namespaces (mount, network, PID): {why}. Run it on a virtual machine, or in a privileged container"]


def _go() -> str:
    try:
        version = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:
        version = ""
    found = re.match(r"go1\.(\d+)", version)
    if found and int(found[1]) >= OLDEST_GO:
        return ""
    state = f"{version} is too old" if version else "it is not in PATH"
    return f"Go 1.{OLDEST_GO} or newer, to build Kubernetes: {state}. Install it from https://go.dev/doc/install"


def _disk(clone: Path, caches: Path) -> list[str]:
    lines = []
    for place in {_existing(clone), _existing(caches)}:
        free = shutil.disk_usage(place).free / 2**30
        if free < FREE_DISK_GIB:
            lines.append(f"{FREE_DISK_GIB} GiB of free disk at {place}: there are {free:.1f}. Remove something, or clone elsewhere")
    return lines


def _path(clone: Path) -> str:
    if len(str(clone)) <= LONGEST_CLONE_PATH:
        return ""
    return (
        f"a shorter path: {clone} has {len(str(clone))} bytes, and the kubelet's unix sockets below it can have"
        f" {LONGEST_CLONE_PATH} before them. Clone into a shorter one"
    )


def _packages() -> str:
    return "" if shutil.which("apt-get") else "apt-get: the test cluster is built for Debian 12. Run it there"


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)
