#!/usr/bin/python3
"""A real one-node Kubernetes cluster, without Docker: up, down, status, load-image, enter.

Everything runs in namespaces of its own (node.py); all files are under build/cluster.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import components
import host
import images
import pki
from components import Component, FeatureGates
from kube import SOON_SECONDS, ApiError, Kube, Object, is_ready, wait_for
from layout import ADDRESSES, BIN, BUILD, CONFIG, IMAGES, KUBECONFIG, LOG, NODE_NAME, PAUSE_IMAGE, PKI, STATE
from node import Node, end_all, locked
from progress import ClusterError, say, step, wait_until
from programs import HELM, JOBSET, PROGRAMS, build_missing

OPTIONS = BUILD / "options.json"
KUBECTL = BIN / "kubectl"


@dataclass(frozen=True)
class Cluster:
    """A running cluster of this clone."""

    node: Node
    kube: Kube

    def load_image(self, archive: Path, name: str) -> str:
        """Loads an OCI archive under a name, and returns the name that Pods must use."""
        return images.load(self.node, archive, name)

    def empty_dir(self, pod: Object, volume: str) -> Path:
        """Where an emptyDir volume of a Pod lies on the host."""
        return STATE / "kubelet" / "pods" / pod["metadata"]["uid"] / "volumes" / "kubernetes.io~empty-dir" / volume

    def stop(self, component: str, signal_number: int = signal.SIGKILL) -> None:
        """Kills one of the programs of components.py, "kube-apiserver" for example, and waits until it is gone."""
        found = _component(component)
        for pid in _pids(self.node, found):
            os.kill(pid, signal_number)
        wait_until(f"{component} to end", lambda: not _pids(self.node, found), timeout=SOON_SECONDS)

    def start(self, component: str) -> None:
        """Starts a component again, and waits until the cluster works as before: what watched the API may back off for a
        minute after it was gone."""
        _start(self.node, _component(component))
        wait_until(f"the cluster to take Pods with {component}", lambda: _takes_pods(self.kube), timeout=SOON_SECONDS)
        name = f"after-{component}-{time.monotonic_ns()}"
        kube = self.kube.at(name)
        wait_for(lambda: kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}), bool, f"namespace {name}")
        wait_for(lambda: kube.get("serviceaccount", "default"), bool, f"the ServiceAccount of namespace {name}")
        container = {"name": "main", "image": "localhost/actor:1", "imagePullPolicy": "Never", "args": ["pause"]}
        kube.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": {"containers": [container]}})
        kube.wait_ready("pod")
        kube.delete("namespace", name)


def up(gates: FeatureGates = FeatureGates()) -> Cluster:
    """Starts the cluster, or finds it running as asked. Cleans first what a crash or another choice of options left."""
    host.check()
    with locked():
        _refuse_other_clone()
        node = Node.recorded()
        if node and _is_as_asked(node, gates):
            say(f"the cluster is already running (node PID {node.pid})")
            cluster = _connected(node)
            wait_until("the node to take Pods", lambda: _takes_pods(cluster.kube), timeout=SOON_SECONDS)
            return cluster
        _clean(node)  # also where none is recorded: another clone's run may have ended ours
        build_missing()
        try:
            return _start_all(gates)
        except BaseException:
            _clean(Node.recorded())
            say(f"could not start, and took everything down again; the logs stay in {LOG}")
            raise


def down() -> None:
    """Ends the cluster of this clone, and removes all that it kept except programs and logs."""
    host.use_system_path()
    with locked():
        _refuse_other_clone()
        node = Node.recorded()
        if node is None:
            say("no cluster is running")
        _clean(node)
        if node is not None:
            say("the cluster is down")


def running() -> Cluster | None:
    """The running cluster of this clone."""
    node = Node.recorded()
    if node is None or node.directory != BUILD or not node.is_alive() or not KUBECONFIG.exists():
        return None
    return _connected(node)


def status() -> bool:
    """Prints what runs; true if all of it does."""
    node = Node.recorded()
    if node is None or not node.is_alive():
        say("no cluster is running" + (" (one has crashed: `up` or `down` cleans up)" if node else ""))
        return False
    if node.directory != BUILD:
        say(_of_other_clone(node))
        return False
    healthy = True
    for component in components.all_components(_options()):
        pids = _pids(node, component)
        healthy = healthy and bool(pids)
        say(f"{component.name:24} {'PID ' + str(pids[0]) if pids else 'NOT RUNNING, see ' + str(component.log)}")
    try:
        kube = _connected(node).kube
        ready = is_ready(kube.get("node", NODE_NAME))
        pods = kube.request("GET", "/api/v1/pods")["items"]
        say(f"node {'Ready' if ready else 'NOT Ready'}, {len(pods)} Pods, gates off: {' '.join(_options().off) or 'none'}")
        return healthy and ready
    except (OSError, ApiError) as error:
        say(f"the API server does not answer: {error}")
        return False


def _start_all(gates: FeatureGates) -> Cluster:
    for directory in (CONFIG, LOG, STATE):
        directory.mkdir(parents=True, exist_ok=True)
    for log in LOG.glob("*.log"):
        if not log.name.startswith("build-"):
            log.unlink()
    _write_options(gates, complete=False)
    pki.create()
    components.write_configuration(gates)
    node = Node.create()
    storage, api_server, rest = components.storage(), components.api_server(gates), components.the_rest(gates)
    with step("starting etcd, containerd and kube-apiserver"):
        for component in [*storage, api_server]:
            _start(node, component)
        _load_own_images(node)
        cluster = _connected(node)
        _wait(node, [*storage, api_server], "the API server", lambda: _answers(cluster.kube, "/readyz"))
    with step("starting kubelet, kube-controller-manager, kube-scheduler and kube-proxy"):
        for component in rest:
            _start(node, component)
        _wait(node, [*storage, api_server, *rest], "the node to take Pods", lambda: _takes_pods(cluster.kube))
    _write_options(gates, complete=True)
    return cluster


def _load_own_images(node: Node) -> None:
    def containerd_answers() -> bool:
        try:
            return images.is_loaded(node, PAUSE_IMAGE) or True
        except ClusterError:
            return False

    wait_until("containerd", containerd_answers, timeout=SOON_SECONDS)
    for name in ("pause", "actor"):
        archive = images.write_archive(IMAGES / f"{name}.oci.tar", {name: BIN / name}, entrypoint=[f"/{name}"])
        images.load(node, archive, f"localhost/{name}:1")


def _start(node: Node, component: Component) -> None:
    node.spawn(component.command, component.log)


def _component(name: str) -> Component:
    return next(component for component in components.all_components(_options()) if component.name == name)


def _pids(node: Node, component: Component) -> list[int]:
    return [process.pid for process in node.processes() if process.command == tuple(component.command)]


def _wait(node: Node, started: Sequence[Component], description: str, holds: Callable[[], bool]) -> None:
    """Waits until it holds, unless one of the started programs ends."""

    def holds_or_ended() -> bool:
        if holds():
            return True
        alive = {process.command for process in node.processes()}
        for component in started:
            if tuple(component.command) not in alive and component.log.stat().st_size > 0:
                tail = "\n".join(component.log.read_text(errors="replace").splitlines()[-8:])
                raise ClusterError(f"{component.name} has ended. The end of {component.log}:\n{tail}")
        return False

    wait_until(description, holds_or_ended, timeout=SOON_SECONDS)


def _connected(node: Node) -> Cluster:
    return Cluster(node, Kube(KUBECONFIG, KUBECTL))


def _answers(kube: Kube, path: str) -> bool:
    try:
        kube.transport.request("GET", path)
        return True
    except (OSError, ApiError):
        return False


def _takes_pods(kube: Kube) -> bool:
    """The node is Ready and untainted, and Pods of the default namespace can have their ServiceAccount."""
    try:
        kube.get("serviceaccount", "default")
        kube.get("configmap", "kube-root-ca.crt")
        node = kube.get("node", NODE_NAME)
        return is_ready(node) and not node["spec"].get("taints")
    except (OSError, ApiError):
        return False


def _is_as_asked(node: Node, gates: FeatureGates) -> bool:
    """It was started completely, with these options, and all of its programs still run."""
    if not node.is_alive() or not OPTIONS.exists() or json.loads(OPTIONS.read_text()) != _as_options(gates, complete=True):
        return False
    commands = {process.command for process in node.processes()}
    return all(tuple(component.command) in commands for component in components.all_components(gates))


def _as_options(gates: FeatureGates, complete: bool) -> dict[str, object]:
    return {"off": list(gates.off), "subnet": str(ADDRESSES.subnet), "complete": complete}


def _write_options(gates: FeatureGates, complete: bool) -> None:
    OPTIONS.write_text(json.dumps(_as_options(gates, complete)))


def _options() -> FeatureGates:
    return FeatureGates(tuple(json.loads(OPTIONS.read_text())["off"])) if OPTIONS.exists() else FeatureGates()


def _clean(node: Node | None) -> None:
    if node is not None:
        node.destroy()
    for directory in (STATE, CONFIG, PKI, LOG / "pods"):
        shutil.rmtree(directory, ignore_errors=True)
    for file in (KUBECONFIG, OPTIONS):
        file.unlink(missing_ok=True)


def _refuse_other_clone() -> None:
    node = Node.recorded()
    if node and node.directory != BUILD and node.is_alive():
        raise ClusterError(_of_other_clone(node))


def _of_other_clone(node: Node) -> str:
    command = node.directory.parent.parent / "test" / "cluster" / "cluster.py"
    return f"the cluster of another clone runs on this machine, in {node.directory}. To stop it: {command} down"


def _print_usage_of_kubectl() -> None:
    say("\nThe cluster is ready. Use it with:")
    say(f"  export KUBECONFIG={shlex.quote(str(KUBECONFIG))}")
    say(f"  {shlex.quote(str(KUBECTL))} get pods --all-namespaces")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up", help="build what is missing and start the cluster")
    start.add_argument(
        "--feature-gate-off",
        metavar="[COMPONENT:]GATE",
        action="append",
        default=[],
        help="for example RestartAllContainersOnContainerExits, or kubelet:RestartAllContainersOnContainerExits",
    )
    end = commands.add_parser("down", help="end the cluster and remove what it left")
    end.add_argument("--of-any-clone", action="store_true", help="end those that other clones left running or half ended, too")
    commands.add_parser("build", help="build its programs, and those that tests run in it, and start nothing")
    commands.add_parser("status", help="show what runs; exit code 0 if all of it does")
    image = commands.add_parser("load-image", help="make an image known to the node")
    image.add_argument("archive", type=Path, metavar="ARCHIVE.oci.tar")
    image.add_argument("name", metavar="NAME:TAG")
    enter = commands.add_parser("enter", help="run a command (or a shell) in the node's namespaces")
    enter.add_argument("program", nargs=argparse.REMAINDER)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does: with everything cleaned up
    try:
        if options.command == "up":
            up(FeatureGates(tuple(options.feature_gate_off)))
            _print_usage_of_kubectl()
        elif options.command == "build":
            host.use_system_path()
            build_missing((*PROGRAMS, JOBSET, HELM))
        elif options.command == "down":
            if options.of_any_clone:
                host.use_system_path()
                for found in end_all():
                    say(found)
            else:
                down()
        elif options.command == "status":
            return 0 if status() else 1
        else:
            cluster = running()
            if cluster is None:
                raise ClusterError("no cluster is running: start it with `up`")
            if options.command == "load-image":
                say(f"loaded; use it in Pods as  image: {cluster.load_image(options.archive, options.name)}")
            else:
                return subprocess.call(cluster.node.enter(*(options.program or ["sh"])))
    except ClusterError as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("cluster: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
