"""deploy/dashboard.json: each query is one that Prometheus understands, and asks for metrics of docs/metrics.md, which a cluster
test compares with the real page. Usage: dashboard_test.py PROMTOOL"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main(promtool: str) -> int:
    dashboard = json.loads((ROOT / "deploy" / "dashboard.json").read_text())
    documented = dict(re.findall(r"^\| `(podmedic_\w+)` \| \w+ \| ([^|]*)\|", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE))
    given = {"namespace", "pod"}  # by the target
    wrong = []
    queries = [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel["targets"]]
    queries += [(v["label"], match) for v in dashboard["templating"]["list"] if v["type"] == "query"
                for match in re.findall(r"^label_values\((.*), \w+\)$", v["definition"])]
    for title, query in queries:
        names = set(re.findall(r"\bpodmedic_\w+", query))
        wrong += [f"{title}: {name} is not in docs/metrics.md" for name in names - documented.keys()]
        known = given | {label for name in names for label in re.findall(r"`(\w+)`", documented.get(name, ""))}
        used = set(re.findall(r"[{,](\w+)=", query))
        for listed in re.findall(r"by \(([^)]*)\)", query):
            used |= set(listed.split(", "))
        wrong += [f"{title}: no label {label} in {query}" for label in used - known]
    unseen = documented.keys() - {name for _, query in queries for name in re.findall(r"\bpodmedic_\w+", query)}
    left_out = {"podmedic_startup_held", "podmedic_drain_in_flight_connections", "podmedic_probe_check_seconds_total",
                "podmedic_restarts_recorded", "podmedic_restarts_without_recovery"}  # of one Pod, or shown in another way
    if unseen != left_out:
        wrong.append(f"not shown: {sorted(unseen - left_out)}; shown, and said to be left out: {sorted(left_out - unseen)}")
    filled = [q.replace("$__rate_interval", "5m") for _, q in queries]
    rules = {"groups": [{"name": "dashboard", "rules": [{"record": f"q{i}", "expr": q} for i, q in enumerate(filled)]}]}
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump(rules, file)
        file.flush()
        checked = subprocess.run([promtool, "check", "rules", file.name], capture_output=True, text=True)
    if checked.returncode != 0:
        wrong.append(checked.stdout + checked.stderr)
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    if any(p["x"] + p["w"] > 24 for p in places):
        wrong.append("a panel is wider than the page")
    print("\n".join(wrong) or f"{len(queries)} queries of {len(places)} panels")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
