"""The chart: what it renders is what deploy/ has, and what it does on a cluster, also when it is upgraded and taken away."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import conftest
import pytest
import yaml
from cluster import Cluster
from example import ROOT
from kube import Kube, NotFound, Object, condition, wait_for
from layout import KUBECONFIG
from programs import HELM, build_missing

CHART = ROOT / "deploy" / "helm" / "podmedic"
Helm = Callable[..., subprocess.CompletedProcess[str]]
# The operator's own definitions of its kinds, from its module.
OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
OPERATOR_SUM = "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s="


@pytest.fixture
def helm(tmp_path: Path) -> Helm:
    """helm with values, and a place of its own for what it keeps."""
    build_missing([HELM])
    own = {name: str(tmp_path / name.lower()) for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")}

    def run(*arguments: str | Path, values: Object | None = None) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "values.yaml"
        file.write_text(json.dumps(values or {}))
        given = ["--values", file] if values is not None else []
        environment = {**os.environ, **own, "KUBECONFIG": str(KUBECONFIG)}
        command = [HELM.binary, *arguments, *given]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    return run


def values_of_the_page() -> Object:
    """Those that docs/deploy.md shows, which have everything that the chart can make."""
    (found,) = re.findall(r"```yaml\n# podmedic-values.yaml\n(.*?)```", (ROOT / "docs" / "deploy.md").read_text(), re.DOTALL)
    return yaml.safe_load(found)


def done(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def rendered(helm: Helm, values: Object, chart: Path = CHART) -> list[Object]:
    text = done(helm("template", "podmedic", chart, "--namespace", "engines", values=values))
    return [each for each in yaml.safe_load_all(text) if each]


def of_kind(objects: list[Object], kind: str) -> Object:
    (found,) = [each for each in objects if each["kind"] == kind]
    return found


def rights(rules: list[Object]) -> set[tuple[str, str, str]]:
    return {(group, name, verb) for rule in rules for group in rule["apiGroups"] for name in rule["resources"] for verb in rule["verbs"]}


def test_the_package_has_what_lies_beside_the_chart(helm: Helm, tmp_path: Path) -> None:
    values = values_of_the_page() | {"namespaces": []}
    done(helm("lint", "--strict", CHART, values=values))
    done(helm("package", CHART, "--destination", tmp_path))
    (package,) = tmp_path.glob("podmedic-*.tgz")
    made = rendered(helm, values, package)
    deploy = ROOT / "deploy"
    assert of_kind(made, "PrometheusRule")["spec"] == yaml.safe_load((deploy / "alerts.yaml").read_text())
    monitor = of_kind(made, "PodMonitor")
    assert monitor["spec"] == yaml.safe_load((deploy / "pod-monitor.yaml").read_text())["spec"]
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    (dashboard,) = [each for each in made if each["metadata"]["name"] == "podmedic-dashboard"]
    assert json.loads(dashboard["data"]["podmedic.json"]) == json.loads((deploy / "dashboard.json").read_text())
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_the_chart_has_the_version_of_podmedic() -> None:
    (version,) = re.findall(r"project\(podmedic VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (version, version)


def test_access_is_that_of_rbac_yaml_and_each_right_can_be_left_out(helm: Helm) -> None:
    text = (ROOT / "deploy" / "rbac.yaml").read_text()
    account, role, binding = yaml.safe_load_all(text)
    made = rendered(helm, {})
    assert rights(of_kind(made, "Role")["rules"]) == rights(role["rules"])
    assert of_kind(made, "RoleBinding")["roleRef"] == binding["roleRef"]
    assert of_kind(made, "RoleBinding")["subjects"] == [{**binding["subjects"][0], "namespace": "engines"}]
    assert of_kind(made, "ServiceAccount")["automountServiceAccountToken"] is account["automountServiceAccountToken"] is False
    assert {each["kind"] for each in made} == {"ServiceAccount", "Role", "RoleBinding", "ConfigMap"}

    (commented,) = re.findall(r"^  # - (\{.*\})$", text, re.MULTILINE)
    everything = [*role["rules"], yaml.safe_load(commented)]
    schema = json.loads((CHART / "values.schema.json").read_text())
    allowed = set()
    for name in schema["properties"]["rights"]["properties"]:
        resources = ["deployments", "statefulsets", "daemonsets", "replicasets"] if name == "workloads" else [name]
        of_it = {each for each in rights(everything) if each[1] in resources}
        verbs = sorted({verb for *_, verb in of_it})
        alone = {other: [] for other in schema["properties"]["rights"]["properties"]} | {name: verbs}
        assert rights(of_kind(rendered(helm, {"rights": alone}), "Role")["rules"]) == of_it, name
        allowed |= of_it
    assert allowed == rights(everything), "a right of rbac.yaml that the chart does not have"


# What it is that the chart refuses, and the place that helm names.
@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"rights": {"pods": ["get", "delete"]}}, "/rights/pods/1"),
        ({"rights": {"secrets": ["get"]}}, "/rights"),
        ({"killSwitch": {"mode": "Enforce"}}, "/killSwitch/mode"),
        ({"killSwitch": {"pausedUntil": "tomorrow"}}, "/killSwitch/pausedUntil"),
        ({"namespaces": ["Engines"]}, "/namespaces/0"),
        ({"alert": {"create": True}}, "'alert'"),
    ],
)
def test_a_value_that_means_nothing_is_refused(helm: Helm, values: Object, place: str) -> None:
    refused = helm("template", "podmedic", CHART, values=values)
    assert refused.returncode != 0 and place in refused.stderr, refused.stdout + refused.stderr


@pytest.fixture
def operator_kinds(cluster: Cluster) -> Iterator[None]:
    download = ["go", "mod", "download", "-json", OPERATOR]
    found = subprocess.run(download, env={**os.environ, "GOWORK": "off"}, capture_output=True, text=True, timeout=300)
    module = json.loads(done(found))
    assert module["Sum"] == OPERATOR_SUM
    kinds = ("podmonitors", "prometheusrules")
    for kind in kinds:
        definition = Path(module["Dir"]) / "example" / "prometheus-operator-crd" / f"monitoring.coreos.com_{kind}.yaml"
        cluster.kube.apply(definition.read_text())
    names = [f"{kind}.monitoring.coreos.com" for kind in kinds]
    for name in names:
        cluster.kube.wait_for("crd", name, lambda crd: (condition(crd, "Established") or {}).get("status") == "True", "to be served")
    yield
    for name in names:
        cluster.kube.delete("crd", name)


def expect_rights(kube: Kube, account: str, **expected: bool) -> None:
    """What the account may: expect_rights(kube, "podmedic", patch_leases=True). The API server learns of a Role a little later."""
    names = {"leases": ["leases.coordination.k8s.io"], "eviction": ["pods", "--subresource=eviction"]}

    def seen(right: str) -> bool:
        verb, resource = right.split("_")
        name = names.get(resource, [resource])
        asked = kube.kubectl("auth", "can-i", verb, *name, f"--as=system:serviceaccount:{kube.namespace}:{account}")
        return asked.stdout.strip() == "yes"

    wait_for(lambda: {right: seen(right) for right in expected}, lambda now: now == expected, f"the rights of {account}: {expected}")


def test_a_stop_by_hand_outlives_upgrade_and_removal(cluster: Cluster, kube: Kube, helm: Helm, operator_kinds: None) -> None:
    here = ("--namespace", kube.namespace)
    with conftest.new_namespace(cluster, "helm-other") as other:
        values = values_of_the_page() | {"namespaces": [kube.namespace, other.namespace], "otherServiceAccounts": ["default"]}
        told = done(helm("install", "podmedic", CHART, *here, values=values))
        assert f"podmedic may work in: {kube.namespace}, {other.namespace}." in told
        for each in (kube, other):
            expect_rights(each, "podmedic", patch_leases=True, create_eviction=True, delete_pods=False)
            expect_rights(each, "default", patch_leases=True)
        assert kube.get("prometheusrules", "podmedic")["spec"]["groups"][0]["rules"]
        assert kube.get("podmonitors", "podmedic")["spec"]["podMetricsEndpoints"][0]["port"] == "podmedic"

        (by_hand,) = re.findall(r"kubectl --namespace NAMESPACE (patch configmap .*)--patch '(.*)'", told)
        stopped = other.kubectl(*by_hand[0].split(), "--patch", by_hand[1])
        done(stopped)
        pause = {"killSwitch": {"pausedUntil": "2026-12-01T08:00:00Z"}, "rights": {"leases": []}}
        done(helm("upgrade", "podmedic", CHART, *here, values=values | pause))
        assert other.get("configmap", "podmedic-override")["data"] == {"mode": "Observe", "paused-until": "2026-12-01T08:00:00Z"}
        expect_rights(other, "podmedic", get_pods=True, create_eviction=False, get_leases=False)

        done(helm("uninstall", "podmedic", *here))
        for each in (kube, other):
            assert each.get("serviceaccount", "podmedic"), "Pods name it"
            with pytest.raises(NotFound):
                each.get("role", "podmedic")
        assert other.get("configmap", "podmedic-override")["data"]["mode"] == "Observe"
        done(helm("install", "podmedic", CHART, *here, values=values))
        assert other.get("configmap", "podmedic-override")["data"]["mode"] == "Observe"
        expect_rights(kube, "podmedic", patch_leases=True)
