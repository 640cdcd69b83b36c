"""What was seen before a restart can be read after it, although all containers were restarted."""

from __future__ import annotations

import json
import re
import signal

import example
from scenarios import Scene, scenario


@scenario
def test_the_snapshot_and_the_hooks_output_survive_the_restart_of_all_containers(scene: Scene) -> None:
    pod = scene.pod("diagnostics")
    hooks = {
        "10-version": {"exec": {"command": ["/podmedic", "--version"]}},
        "20-metrics": {"http": {"method": "GET", "url": "http://127.0.0.1:9484/metrics"}},
        "30-nobody": {"http": {"method": "GET", "url": "http://127.0.0.1:1/"}},
    }
    for name, fields in hooks.items():
        pod["metadata"]["annotations"][f"hook.podmedic.io/{name}"] = json.dumps({**fields, "phase": "Diagnose"})
    example.container(pod, "engine")["env"].append({"name": "SECRET", "value": "do-not-show"})
    medic = scene.start(pod)
    scene.wait_for_checks(medic, "Pass", 1)
    assert "none are kept" in medic.command("status", "--diagnostics")

    scene.signal_engine(medic, signal.SIGSTOP)
    scene.wait_for_outcomes(medic, "Recovered")
    assert scene.restarts(medic, "podmedic") == scene.restarts(medic, "engine") == 1
    (restart,) = medic.ledger()["restarts"]

    listed = medic.command("status", "--diagnostics")
    assert re.match(rf"1  \S+Z  all containers, probe engine, \w+: {re.escape(restart['message'])}\n", listed), listed
    assert [line.split()[1] for line in listed.splitlines()[1:]] == [
        "hook-10-version.txt",
        "hook-20-metrics.txt",
        "hook-30-nobody.txt",
        "snapshot.txt",
        "status.json",
    ]
    snapshot = medic.command("status", "--show", "snapshot.txt")
    assert re.search(r"^ *\d+ engine +model-server +T +\S+ +\d+ +\d+ +\d+$", snapshot, re.M), snapshot
    assert re.search(r"^ *\d+ podmedic +podmedic +R ", snapshot, re.M), "it looks at itself too"
    assert re.search(r"^engine: \d+\.\d MiB of ", snapshot, re.M), snapshot
    assert re.search(r"^ *\d+ +8001 +\d+ +\d+$", snapshot, re.M), "the server's listener, and whose it is"
    everything = medic.command("status", "--diagnostics", "1")
    assert "podmedic 0." in everything and "podmedic_build_info" in everything and "[podmedic: " in everything
    assert "do-not-show" not in everything and "--port" not in snapshot
    assert json.loads(medic.command("status", "--show", "status.json"))["phase"] == "Quiescing"
    assert medic.status()["diagnosticsKept"] == 1
    assert "DiagnosticsNotKept" not in medic.reasons()

    refused = scene.kube.exec(medic.pod, ["/podmedic", "status", "--show", "../../ledger.json"], "podmedic")
    assert refused.returncode == 1 and "No such file" in refused.stderr
