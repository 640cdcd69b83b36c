"""Eviction, held while a PodDisruptionBudget refuses it; and kubelets without RestartAllContainers."""

from __future__ import annotations

import os
import signal

import example
import pytest
from kube import Kube, Object, condition, wait_for
from medic import in_order
from scenarios import Scene, scenario
from test_platform import GATE
from test_restart_container import pod_with_shipper, process_of, restart_counts


def without_rule(pod: Object) -> Object:
    del example.container(pod, "podmedic")["restartPolicyRules"]
    return pod


def allow_evictions(kube: Kube) -> None:
    """What deploy/rbac.yaml has as a comment."""
    api = {"apiVersion": "rbac.authorization.k8s.io/v1"}
    rule = {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]}
    named = {"metadata": {"name": "podmedic-eviction"}}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "podmedic-eviction"}
    kube.apply({**api, "kind": "Role", **named, "rules": [rule]})
    subject = {"kind": "ServiceAccount", "name": "podmedic"}
    kube.apply({**api, "kind": "RoleBinding", **named, "roleRef": role, "subjects": [subject]})


@scenario
def test_an_eviction_that_a_disruption_budget_refuses_is_held_and_another_pod_comes_when_it_is_lifted(scene: Scene) -> None:
    allow_evictions(scene.kube)
    pod = without_rule(scene.pod("evicted", policy={"fallback": "Evict", "budget": {"restarts": 1, "windowSeconds": 600}}))
    pod["spec"]["terminationGracePeriodSeconds"] = 2  # the stopped server heeds no SIGTERM
    labels = {"app": "evicted"}
    selector = {"matchLabels": labels}
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "evicted"}}
    scene.kube.apply({**budget, "spec": {"minAvailable": 1, "selector": selector}})
    template = {"metadata": {"labels": labels, "annotations": pod["metadata"]["annotations"]}, "spec": pod["spec"]}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "evicted"}}
    scene.kube.apply({**deployment, "spec": {"replicas": 1, "selector": selector, "template": template}})
    (made,) = wait_for(lambda: scene.kube.items("pod", "app=evicted"), bool, "the Deployment's Pod")
    medic = scene.medic_of(made["metadata"]["name"])
    scene.wait_until_healthy(medic)
    assert "fallback: Evict" in medic.wait_for_reason("RestartNotSupported").text

    os.kill(scene.kube.host_pids(medic.pod, "engine")[0], signal.SIGSTOP)
    assert "disruption budget" in medic.wait_for_reason("EvictionRefused").text
    medic.wait_for_phase("Holding")
    medic.wait_for_reason("EvictionRefused", times=2)  # in spite of a budget of one: it has its place there
    assert (medic.metric('podmedic_notices_total{reason="EvictionRefused"}') or 0) >= 2
    (entry,) = medic.ledger()["restarts"]
    assert (entry["method"], entry["outcome"], entry["probe"]) == ("Evict", "Pending", "engine")
    (still,) = scene.kube.items("pod", "app=evicted")
    assert still["metadata"]["uid"] == made["metadata"]["uid"] and "deletionTimestamp" not in still["metadata"]
    scene.kube.wait_for_events(medic.pod, "EvictionRefused")
    assert {"podmedic": 0, "engine": 0} == {name: scene.restarts(medic, name) for name in ("podmedic", "engine")}

    scene.kube.delete("poddisruptionbudget", "evicted")
    try:

        def other_pods() -> list[Object]:
            others = [p for p in scene.kube.items("pod", "app=evicted") if p["metadata"]["uid"] != made["metadata"]["uid"]]
            return [p for p in others if (condition(p, "Ready") or {}).get("status") == "True"]

        wait_for(other_pods, bool, "another Pod to be Ready", lambda _: medic.tail())
        scene.kube.wait_gone("pod", medic.pod)
        scene.kube.wait_for_events(medic.pod, "Evicting", "StandingDown")
    finally:
        scene.kube.delete("deployment", "evicted")


@pytest.mark.gate_off(f"kubelet:{GATE}")
@scenario
def test_where_the_kubelet_lacks_the_feature_all_containers_are_ended_by_signals_and_podmedic_stays(scene: Scene) -> None:
    pod = pod_with_shipper(scene, "signal-all", rule=False)
    del pod["metadata"]["annotations"]["probe.podmedic.io/shipper"]
    example.annotate(pod, "probe.podmedic.io/engine", onFailure="RestartAllContainers")
    example.annotate(pod, "podmedic.io/policy", fallback="SignalAll")
    medic = scene.start(pod)
    assert "fallback: SignalAll" in medic.wait_for_reason("RestartNotSupported").text
    before = {name: process_of(scene, medic, name) for name in ("podmedic", "engine", "shipper")}
    os.kill(before["engine"][0], signal.SIGSTOP)
    (restart,) = scene.wait_for_outcomes(medic, "Recovered")

    after = {name: process_of(scene, medic, name) for name in before}
    assert after["podmedic"] == before["podmedic"]
    assert after["engine"] != before["engine"] and after["shipper"] != before["shipper"]
    assert restart_counts(scene, medic) == {"podmedic": 0, "engine": 1, "shipper": 1}
    assert (restart["scope"], restart["method"], restart["exited"]) == ("Pod", "SignalAll", True)
    assert in_order(["Draining", "RestartingAllContainers", "Recovered"], medic.reasons())
    assert [entry.fields["container"] for entry in medic.entries() if "SIGTERM" in entry.text] == ["shipper", "engine"]
    scene.kube.wait_ready(medic.pod)
