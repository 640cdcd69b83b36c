"""What the host must offer before a cluster can start, and who else uses it."""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import subprocess
from pathlib import Path

from layout import ADDRESSES, CNI_PLUGINS, HOST_LINK
from progress import ClusterError

# Program -> the Debian package that has it.
NEEDED_PROGRAMS = {
    "cc": "gcc",
    "etcd": "etcd-server",
    "go": "golang (1.26 or newer)",
    "ip": "iproute2",
    "iptables": "iptables",
    "mount": "mount",
    "nsenter": "util-linux",
    "openssl": "openssl (3.0 or newer)",
    "runc": "runc",
    "setsid": "util-linux",
    "unshare": "util-linux",
}
NEEDED_PLUGINS = ("host-local", "loopback", "portmap", "ptp")
NEEDED_CONTROLLERS = ("cpu", "memory", "pids")


def use_system_path() -> None:
    """Some programs are in the system directories that not every user's PATH has."""
    path = os.environ.get("PATH", "").split(":")
    os.environ["PATH"] = ":".join(path + [d for d in ("/usr/local/sbin", "/usr/sbin", "/sbin") if d not in path])


def find(program: str) -> str:
    """The absolute path of a program that `check` has seen."""
    path = shutil.which(program)
    if path is None:
        raise ClusterError(f"{program} is missing: install the Debian package {NEEDED_PROGRAMS.get(program, program)}")
    return path


def check() -> None:
    """Raises ClusterError with everything that is missing, not only the first."""
    use_system_path()
    missing = _missing_programs()
    if os.geteuid() != 0:
        missing.append("root: namespaces, mounts and cgroups need it (sudo)")
    elif shutil.which("unshare"):
        missing += _missing_kernel_features()
    if missing:
        raise ClusterError("this host cannot run the test cluster. Missing:\n" + "\n".join(f"  - {line}" for line in missing))
    _check_subnet()


def _missing_programs() -> list[str]:
    missing = [
        f"the program {program}: Debian package {package}"
        for program, package in NEEDED_PROGRAMS.items()
        if shutil.which(program) is None
    ]
    missing += [
        f"the CNI plugin {CNI_PLUGINS / plugin}: Debian package containernetworking-plugins"
        for plugin in NEEDED_PLUGINS
        if not (CNI_PLUGINS / plugin).exists()
    ]
    return missing


def _missing_kernel_features() -> list[str]:
    missing = []
    attempt = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "true"], capture_output=True, text=True
    )
    if attempt.returncode != 0:
        missing.append(f"namespaces (mount, network, PID): {attempt.stderr.strip()}")
    subprocess.run(["modprobe", "-a", "overlay", "veth"], capture_output=True) if shutil.which("modprobe") else None
    if "overlay" not in Path("/proc/filesystems").read_text().split():
        missing.append("overlayfs in the kernel")
    controllers = _cgroup_controllers()
    missing += [f"the cgroup controller {name}" for name in NEEDED_CONTROLLERS if name not in controllers]
    return missing


def _cgroup_controllers() -> set[str]:
    unified = Path("/sys/fs/cgroup/cgroup.controllers")
    if unified.exists():
        return set(unified.read_text().split())
    return {path.name for path in Path("/sys/fs/cgroup").iterdir()} if Path("/sys/fs/cgroup").exists() else set()


def _check_subnet() -> None:
    routes = json.loads(subprocess.run(["ip", "-j", "-4", "route"], capture_output=True, text=True, check=True).stdout)
    for route in routes:
        if route["dst"] == "default" or route.get("dev") == HOST_LINK:
            continue
        if ipaddress.IPv4Network(route["dst"], strict=False).overlaps(ADDRESSES.subnet):
            raise ClusterError(
                f"the cluster's addresses {ADDRESSES.subnet} are in use on this host: route {route['dst']} by {route.get('dev')}."
                " Choose others, for example CLUSTER_SUBNET=10.77.0.0/16"
            )
