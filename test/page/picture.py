#!/usr/bin/python3
"""docs/page.png: the page of a real podmedic that has restarted its Pod twice. Usage: picture.py FILE"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from browser import Browser
from PIL import Image
from pod import ROOT, Pod

ANNOTATIONS = {
    "podmedic.io/mode": "Enforce",
    "probe.podmedic.io/engine": "{grpc: {port: {grpc}}, container: engine, periodSeconds: 0.4, timeoutSeconds: 1, failureThreshold: 3}",
    "probe.podmedic.io/threads": "{process: {maxThreads: 1000}, container: engine, onFailure: Observe, periodSeconds: 0.4}",
    "probe.podmedic.io/warm-cache": "{exec: {command: [/bin/sh, -c, 'test -e {file}']}, onFailure: Observe, periodSeconds: 0.4, failureThreshold: 3}",
    "podmedic.io/policy": "{backoff: {baseSeconds: 5, capSeconds: 600}, budget: {restarts: 5, windowSeconds: 3600}, "
                          "warmUp: {maxSeconds: 1, learn: false}, drain: {timeoutSeconds: 2, settleSeconds: 1}, success: {stableSeconds: 2}}",
}
KUBELET_SECONDS = 1.7  # what it takes from the exit to the first container that runs, as measured on a cluster
SETTLED = "document.getElementById('phase').textContent === 'Watching'"


def main(file: str) -> None:
    with tempfile.NamedTemporaryFile() as cache:
        annotations = {name: value.replace("{file}", cache.name) for name, value in ANNOTATIONS.items()}
        with Pod(annotations, ROOT / "build" / "release") as pod, Browser() as browser:
            browser.look("light", 800)
            browser.open(pod.url)
            browser.wait_for(SETTLED)
            for number, why in enumerate((lambda: pod.ask_for_restart("new weights"), pod.wedge), start=1):
                why()
                pod.stop_all()
                time.sleep(KUBELET_SECONDS)
                pod.start()
                browser.wait_for(f"{SETTLED} && (document.getElementById('restarts').innerText.match(/recovered after/g) ?? []).length === {number}")
            browser.wait_for("document.querySelectorAll('.probe:first-child rect').length >= 48")
            moved = Path(cache.name).rename(cache.name + ".away")
            browser.wait_for("document.querySelectorAll('.fail').length >= 8")
            moved.rename(cache.name)
            browser.wait_for("document.querySelectorAll('.probe:first-child rect').length >= 60")
            browser.evaluate("document.getElementById('notices-section').remove()")
            browser.screenshot(Path(file))
    with Image.open(file) as shot:
        shot.convert("RGB").quantize(64).save(file, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
