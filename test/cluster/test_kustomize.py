"""What the kustomize components make of workloads is what `podmedic inject` makes of them, and heals on the cluster."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import example
import pytest
import yaml
from cluster import Cluster
from example import ROOT, Images
from kube import Kube, Object, wait_for
from medic import Medic
from programs import KUBECTL, build_missing
from test_inject import bare_pod, every_workload, podmedic

REFUSAL = "testing value /spec/template/spec/serviceAccountName failed"


def kustomization_of_the_page() -> Object:
    """The one that docs/deploy.md shows."""
    (found,) = re.findall(r"```yaml\n# kustomization.yaml\n(.*?)```", (ROOT / "docs" / "deploy.md").read_text(), re.DOTALL)
    return yaml.safe_load(found)


def build(directory: Path, kustomization: Object, *workloads: Object) -> subprocess.CompletedProcess[str]:
    """`kubectl kustomize` of the workloads, with deploy/ beside them as the page has it."""
    build_missing([KUBECTL])
    shutil.copytree(ROOT / "deploy", directory / "podmedic" / "deploy", ignore=shutil.ignore_patterns("helm"), dirs_exist_ok=True)
    (directory / "deployment.yaml").write_text("\n---\n".join(json.dumps(each) for each in workloads))
    (directory / "kustomization.yaml").write_text(json.dumps(kustomization))
    return subprocess.run([KUBECTL.binary, "kustomize", directory], capture_output=True, text=True, timeout=60)


def with_components(*names: str) -> Object:
    return {"resources": ["deployment.yaml"], "components": [f"podmedic/deploy/kustomize/{name}" for name in names]}


def spec_of(workload: Object) -> Object:
    """The Pod's spec without the names that inject gives containers, and with lists whose order means nothing sorted."""
    spec: Object = workload["spec"]["template"]["spec"]
    for container in [*spec["initContainers"], *spec["containers"]]:
        container["env"] = [each for each in container.get("env", []) if each["name"] != "PODMEDIC_CONTAINER"]
        container.get("volumeMounts", []).sort(key=lambda each: each["mountPath"])
    spec["volumes"].sort(key=lambda each: each["name"])
    return spec


def workloads(guaranteed: bool) -> list[Object]:
    pod = bare_pod(Images("podmedic", "model-server", "other"), "every")
    for key in ("automountServiceAccountToken", "serviceAccountName"):
        pod["spec"].pop(key, None)
    del pod["spec"]["securityContext"]["runAsUser"]  # inject takes it over
    if not guaranteed:
        del example.container(pod, "engine")["resources"]
    found = [each for each in every_workload(pod) if each["kind"] not in ("CronJob", "List")]
    return json.loads(json.dumps(found))  # without what is shared


@pytest.mark.parametrize("guaranteed", [False, True])
def test_the_components_add_what_inject_adds(tmp_path: Path, guaranteed: bool) -> None:
    given = workloads(guaranteed)
    text = "\n---\n".join(json.dumps(each) for each in given)
    injected = podmedic("inject", "--image", "podmedic", "--service-account", "podmedic", stdin=text)
    components = with_components("sidecar", *["guaranteed"] * guaranteed, "token", "service-account")
    built = build(tmp_path, components, *given)
    assert built.returncode == 0, built.stderr
    expected = {each["kind"]: spec_of(each) for each in yaml.safe_load_all(injected)}
    assert {each["kind"]: spec_of(each) for each in yaml.safe_load_all(built.stdout)} == expected
    assert len(expected) == 4


def test_a_workload_that_names_an_account_keeps_it_and_one_that_opts_out_is_left_alone(tmp_path: Path) -> None:
    own, out, *_ = workloads(guaranteed=False)
    own["spec"]["template"]["spec"]["serviceAccountName"] = "own"
    out["metadata"]["labels"] = {"podmedic.io/inject": "false"}
    refused = build(tmp_path, with_components("sidecar", "token", "service-account"), own, out)
    assert refused.returncode != 0 and REFUSAL in refused.stderr, refused.stderr

    built = build(tmp_path, with_components("sidecar", "token", "kill-switch"), own, out)
    made = {each["kind"]: each for each in yaml.safe_load_all(built.stdout)}
    spec = made["Deployment"]["spec"]["template"]["spec"]
    assert spec["serviceAccountName"] == "own" and "automountServiceAccountToken" not in spec
    assert made["StatefulSet"] == out


def test_the_kustomization_of_the_page_heals_a_workload(cluster: Cluster, kube: Kube, images: Images, tmp_path: Path) -> None:
    pod = bare_pod(images, "any")
    pod["spec"].pop("automountServiceAccountToken")
    for each in [*pod["spec"]["initContainers"], *pod["spec"]["containers"]]:
        each["env"] = [one for one in each.get("env", []) if one["name"] != "PODMEDIC_CONTAINER"]
    labels = {"app": "built"}
    template = {"metadata": {"labels": labels, "annotations": pod["metadata"]["annotations"]}, "spec": pod["spec"]}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    name, _, tag = images.podmedic.rpartition(":")
    image = {"name": "podmedic", "newName": name, "newTag": tag}
    kustomization = kustomization_of_the_page() | {"namespace": kube.namespace, "images": [image]}
    workload = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "built"}, "spec": spec}
    built = build(tmp_path, kustomization, workload)
    assert built.returncode == 0, built.stderr
    podmedic("validate", "-f", "-", stdin=built.stdout)
    kube.apply(built.stdout)

    (made,) = wait_for(lambda: kube.items("pod", "app=built"), bool, "the Deployment's Pod")
    medic = Medic(cluster, kube, made["metadata"]["name"])
    kube.wait_ready(medic.pod)
    medic.wait_until_well()
    medic.fault("stop")
    medic.wait_for_reason("Recovered")
    assert medic.reasons().count("RestartingAllContainers") == 1
    kube.wait_for_events(medic.pod, "RestartingAllContainers")  # by the account's token
    kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "podmedic-override"}, "data": {"mode": "Observe"}})
    wait_for(lambda: medic.status()["mode"], lambda mode: mode == "Observe", "the kill switch to be heeded")
