"""The node: a set of mount, network and PID namespaces in which the whole cluster runs.

Its PID 1 is the pause program. When that ends, the kernel ends every process in the namespaces
(shims and containers too), drops every mount, and with the network namespace go addresses,
iptables rules and ports: nothing can be left behind, not even by a crash.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from layout import ADDRESSES, BIN, BUILD, HOST_LINK, OWNER_LOCK, OWNER_RECORD
from progress import ClusterError, say, wait_until

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
_CGROUPS = Path("/sys/fs/cgroup")
_NS_GET_PARENT = 0xB702  # ioctl_ns(2)


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
    def all_alive() -> list[Node]:
        """Every node of this machine that is alive, of whatever clone, written down or not."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and _is_first_of_a_node(command := _command(pid := int(entry.name)), pid):
                found.append(Node(pid, _start_time(pid), Path(command[0]).parent.parent))
        return found

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
        wait_until("the node's namespaces", lambda: launcher.poll() is not None or children.read_text() != "", timeout=60)
        if launcher.poll() is not None:
            raise ClusterError(f"unshare ended with {launcher.returncode}: run it by hand to see why")
        pid = int(children.read_text())
        wait_until("the node's PID 1", lambda: _command(pid)[:1] == (str(BIN / "pause"),), timeout=60)
        node = Node(pid, _start_time(pid), BUILD)
        OWNER_RECORD.write_text(json.dumps({"pid": pid, "start_time": node.start_time, "directory": str(BUILD)}))
        node._mount()
        _weigh_pods()
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
        subprocess.run(["ip", "link", "delete", HOST_LINK], capture_output=True)  # at once: no packet goes there any more
        wait_until("the node's processes to end", self._is_ended, timeout=60)
        _remove_cgroups()
        for directory in FIXED_DIRECTORIES:
            _remove_if_empty(directory)
        OWNER_RECORD.unlink(missing_ok=True)

    def _is_ended(self) -> bool:
        """Kills its first process, which takes all others with it, except those in a frozen cgroup (of runc that was killed
        between freezing and thawing, with cgroup v1): SIGKILL does nothing to them, and the first process waits for them.
        """
        if not self.is_alive():
            return True
        os.kill(self.pid, signal.SIGKILL)
        for pid in _frozen_inside(self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not self.is_alive()

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


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """One up or down at a time on this machine."""
    with OWNER_LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another up or down is at work on this machine: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def end_all() -> list[str]:
    """Ends every node of this machine, of whatever clone, running or half ended; a line for each says what there was."""
    with locked():
        recorded = Node.recorded()
        nodes = Node.all_alive()
        for node in nodes:
            node.destroy()
        found = [f"a running cluster in {node.directory}: ended" for node in nodes]
        if recorded is not None and recorded.pid not in {node.pid for node in nodes}:
            recorded.destroy()
            found.append(f"what is left of a cluster in {recorded.directory}: removed")
        return found


def _ip_batch(commands: str, ip: list[str]) -> None:
    done = subprocess.run([*ip, "-batch", "-"], input=commands, capture_output=True, text=True)
    if done.returncode != 0:
        raise ClusterError(f"cannot set up the network between host and node: {done.stderr.strip()}")


def _is_first_of_a_node(command: tuple[str, ...], pid: int) -> bool:
    """Whether it is a node's pause program, as the first process of its PID namespace. Pods' have another path."""
    if len(command) != 1 or not command[0].endswith(f"/cluster/bin/{(BIN / 'pause').name}"):
        return False
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[-1] == "1"


def _frozen_inside(first: int) -> Iterator[int]:
    """Thaws the cgroups in which processes of the node are; gives those processes."""
    for state in [*_CGROUPS.glob("freezer/k8s.io/**/freezer.state"), *_CGROUPS.glob("k8s.io/**/cgroup.freeze")]:
        try:
            is_thawed = state.read_text().strip() in ("THAWED", "0")
            inside = [pid for pid in map(int, (state.parent / "cgroup.procs").read_text().split()) if _is_inside(pid, first)]
            if inside and not is_thawed:
                state.write_text("THAWED" if state.name == "freezer.state" else "0")
            yield from inside
        except FileNotFoundError:  # it has just been removed
            continue


def _is_inside(pid: int, first: int) -> bool:
    """Whether the process is in the PID namespace of `first`, or in one within it."""
    try:
        wanted = os.stat(f"/proc/{first}/ns/pid").st_ino
        namespace = os.open(f"/proc/{pid}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        while os.fstat(namespace).st_ino != wanted:
            parent = fcntl.ioctl(namespace, _NS_GET_PARENT)
            os.close(namespace)
            namespace = parent
        return True
    except OSError:  # EPERM: the parent is out of sight, so we have come to our own
        return False
    finally:
        os.close(namespace)


def _weigh_pods() -> None:
    """All Pods share the weight of one cgroup, which beside a build's is little for so many."""
    for parent, file, weight in ((_CGROUPS / "cpu", "cpu.shares", "20480"), (_CGROUPS, "cpu.weight", "2000")):
        if (parent / "cgroup.procs").exists():
            (parent / "k8s.io").mkdir(exist_ok=True)
            with contextlib.suppress(OSError):  # v2, where the controller is not handed down
                (parent / "k8s.io" / file).write_text(weight)


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
