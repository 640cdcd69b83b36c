"""docs/quick-start.md does what it says: its Deployment, its commands, word for word but for the images' names."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

from cluster import Cluster
from example import ROOT, Images
from kube import Kube
from medic import Medic

sys.path.insert(0, str(ROOT / "test" / "docs"))
import pages  # noqa: E402

PAGE = pages.blocks(ROOT / "docs" / "quick-start.md")


def shell(scratch: Path, command: str) -> str:
    environment = os.environ | {"PATH": f"{scratch}/bin:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=scratch, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


def furnish(scratch: Path, kube: Kube, images: Images) -> None:
    """The page's directory: podmedic, a kubectl of this cluster, deploy/, and the file that the page shows."""
    (scratch / "bin").mkdir()
    (scratch / "bin" / "podmedic").symlink_to(ROOT / "build" / "release" / "podmedic")
    kubectl = scratch / "bin" / "kubectl"
    kubectl.write_text(f'#!/bin/sh\nexec {kube.kubectl_binary} --kubeconfig={kube.transport.kubeconfig} --namespace={kube.namespace} "$@"\n')
    kubectl.chmod(kubectl.stat().st_mode | stat.S_IXUSR)
    (scratch / "deploy").symlink_to(ROOT / "deploy")
    shown = next(block for block in PAGE if block.file == "deploy.yaml").text
    image = shown.split("image: ")[1].split("\n")[0]
    (scratch / "deploy.yaml").write_text(shown.replace(f"image: {image}", f'image: {images.model_server}\n          args: [--port, "8001"]'))


def test_the_deployment_is_watched_and_what_would_be_done_is_an_event(cluster: Cluster, kube: Kube, images: Images, tmp_path: Path) -> None:
    furnish(tmp_path, kube, images)
    inject = next(block.text for block in PAGE if "podmedic inject" in block.text)
    told = shell(tmp_path, inject.replace("registry.example/podmedic:0.1.0", images.podmedic))
    assert "podmedic.io/mode" in told and "Observe" in told

    apply, status, events = next(block.text for block in PAGE if "kubectl apply" in block.text).splitlines()
    shell(tmp_path, apply)
    deployment = kube.wait_for("deployment", "engine", lambda d: d.get("status", {}).get("readyReplicas") == 2, "both replicas to be Ready")
    assert deployment["spec"]["replicas"] == 2
    assert shell(tmp_path, status).startswith(("Watching, mode Observe, in traffic", "Starting, mode Observe, in traffic"))

    pods = [pod["metadata"]["name"] for pod in kube.items("pod", labels="app=engine")]
    medic = Medic(cluster, kube, pods[0])
    medic.wait_until_well()
    os.kill(kube.host_pids(pods[0], "engine")[0], signal.SIGSTOP)
    medic.wait_for_reason("WouldRestartAllContainers")
    kube.wait_for_events(pods[0], "WouldRestartAllContainers")
    assert f"pod/{pods[0]}" in shell(tmp_path, events)
    assert "RestartingAllContainers" not in medic.reasons()
