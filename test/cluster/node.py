"""The node: a set of mount, network and PID namespaces in which the whole cluster runs.

Its PID 1 is the pause program. When that ends, the kernel ends every process in the namespaces
(shims and containers too), drops every mount, and with the network namespace go addresses,
iptables rules and ports: nothing can be left behind, not even by a crash.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from layout import ADDRESSES, BIN, BUILD, HOST_LINK, OWNER_RECORD
from progress import ClusterError, wait_until

# The kubelet sets these, and they are the whole machine's. The node sees files with the wanted
# values in their place, so that the host's own stay as they are.
KERNEL_TUNABLES = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1000000,
    "kernel/keys/root_maxbytes": 25000000,
}
# libcni and the kubelet write there whatever they are told; the node has a tmpfs in each place.
FIXED_DIRECTORIES = (Path("/var/lib/cni"), Path("/var/lib/kubelet"))


@dataclass(frozen=True)
class Process:
    """A process of the node, by its PID on the host."""

    pid: int
    command: tuple[str, ...]


@dataclass(frozen=True)
class Node:
    """A node that was started, by this run or an earlier one. `pid` is its PID 1, as the host counts."""

    pid: int
    start_time: str
    directory: Path

    @staticmethod
    def recorded() -> Node | None:
        """The node that is written down for this machine, alive or not, of whatever clone."""
        try:
            record = json.loads(OWNER_RECORD.read_text())
            return Node(record["pid"], record["start_time"], Path(record["directory"]))
        except (FileNotFoundError, ValueError, KeyError):
            return None

    @staticmethod
    def create() -> Node:
        """Starts an empty node and cables it to the host."""
        launcher = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]
            + [str(BIN / "pause")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children")
        wait_until("the node's namespaces", lambda: launcher.poll() is not None or children.read_text() != "", timeout=10)
        if launcher.poll() is not None:
            raise ClusterError(f"unshare ended with {launcher.returncode}: run it by hand to see why")
        pid = int(children.read_text())
        wait_until("the node's PID 1", lambda: _command(pid)[:1] == (str(BIN / "pause"),), timeout=10)
        node = Node(pid, _start_time(pid), BUILD)
        OWNER_RECORD.write_text(json.dumps({"pid": pid, "start_time": node.start_time, "directory": str(BUILD)}))
        node._mount()
        node._cable()
        return node

    def is_alive(self) -> bool:
        return _start_time(self.pid) == self.start_time

    def run(self, *command: str) -> str:
        """Runs a command inside and returns its output."""
        done = subprocess.run(self.enter(*command), capture_output=True, text=True)
        if done.returncode != 0:
            raise ClusterError(f"{shlex.join(command)} failed in the node: {done.stderr.strip()}")
        return done.stdout

    def enter(self, *command: str) -> list[str]:
        """The command line that runs a command inside."""
        return ["nsenter", "--target", str(self.pid), "--mount", "--net", "--pid", "--wd=/", *command]

    def spawn(self, command: list[str], log: Path) -> None:
        """Starts a program inside, in a session of its own; the node's PID 1 becomes its parent."""
        with log.open("ab") as output:
            subprocess.run(
                self.enter("setsid", "--fork", *command), stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=True
            )

    def processes(self) -> Iterator[Process]:
        """The node's own processes; those of Pods are in PID namespaces further in."""
        inside = os.readlink(f"/proc/{self.pid}/ns/pid")
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and _link(entry / "ns" / "pid") == inside:
                yield Process(int(entry.name), _command(int(entry.name)))

    def destroy(self) -> None:
        """Ends everything inside, and removes what the host keeps of it."""
        if self.is_alive():
            os.kill(self.pid, signal.SIGKILL)
            wait_until("the node's processes to end", lambda: not self.is_alive(), timeout=30)
        subprocess.run(["ip", "link", "delete", HOST_LINK], capture_output=True)
        _remove_cgroups()
        for directory in FIXED_DIRECTORIES:
            _remove_if_empty(directory)
        OWNER_RECORD.unlink(missing_ok=True)

    def _mount(self) -> None:
        for directory in FIXED_DIRECTORIES:
            directory.mkdir(parents=True, exist_ok=True)
        lines = ["set -e", "mount --make-rshared /"]
        lines += [f"mount -t tmpfs tmpfs {directory}" for directory in ("/run", "/var/log", *FIXED_DIRECTORIES)]
        lines += ["mkdir -p /run/tunables/vm /run/tunables/kernel/keys"]
        for name, value in KERNEL_TUNABLES.items():
            lines += [f"echo {value} > /run/tunables/{name}", f"mount --bind /run/tunables/{name} /proc/sys/{name}"]
        self.run("sh", "-c", "\n".join(lines))

    def _cable(self) -> None:
        """A virtual cable, and routes to Pods and Services over it. The node has no way to anywhere else."""
        link = f"""
            link add {HOST_LINK} type veth peer name eth0 netns {self.pid}
            address add {ADDRESSES.host}/30 dev {HOST_LINK}
            link set {HOST_LINK} up
            route add {ADDRESSES.pods} via {ADDRESSES.node}
            route add {ADDRESSES.services} via {ADDRESSES.node}
        """
        inside = f"""
            link set lo up
            address add {ADDRESSES.node}/30 dev eth0
            link set eth0 up
        """
        _ip_batch(link, ["ip"])
        _ip_batch(inside, self.enter("ip"))
        self.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")


def _ip_batch(commands: str, ip: list[str]) -> None:
    done = subprocess.run([*ip, "-batch", "-"], input=commands, capture_output=True, text=True)
    if done.returncode != 0:
        raise ClusterError(f"cannot set up the network between host and node: {done.stderr.strip()}")


def _remove_cgroups() -> None:
    """Removes the empty cgroups of the Pods' containers, in every hierarchy."""
    for parent in [*Path("/sys/fs/cgroup").glob("k8s.io"), *Path("/sys/fs/cgroup").glob("*/k8s.io")]:
        for directory, _, _ in os.walk(parent, topdown=False):
            _remove_if_empty(Path(directory))


def _remove_if_empty(directory: Path) -> None:
    try:
        directory.rmdir()
    except OSError:
        pass


def _start_time(pid: int) -> str:
    """When the process started, in clock ticks since boot; "" when there is none or it is a zombie."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if state in "ZX" else fields[18]


def _command(pid: int) -> tuple[str, ...]:
    try:
        return tuple(Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")[:-1])
    except (FileNotFoundError, ProcessLookupError):
        return ()


def _link(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""
