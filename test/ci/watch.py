#!/usr/bin/python3
"""Notes what the machine did to the tests: a process of its own, since one that works cannot tell a stall from its work.

    watch.py FILE     writes what it saw to FILE as JSON, once a second, until it is ended
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

STEP_SECONDS = 0.05


def main(file: Path) -> None:
    began = _counters()
    stall, stalled_at, load, pressure = 0.0, 0.0, 0.0, {"cpu": 0.0, "memory": 0.0, "io": 0.0}
    free = shutil.disk_usage(file.parent).free
    last_written = 0.0
    while True:
        before = time.monotonic()
        time.sleep(STEP_SECONDS)
        late = time.monotonic() - before - STEP_SECONDS
        if late > stall:
            stall, stalled_at = late, time.time()
        if time.monotonic() - last_written < 1:
            continue
        last_written = time.monotonic()
        load = max(load, os.getloadavg()[0])
        pressure = {name: max(most, _pressure(name)) for name, most in pressure.items()}
        free = min(free, shutil.disk_usage(file.parent).free)
        now = _counters()
        spent = {name: now[name] - began[name] for name in now}
        seen = {
            "stall_seconds": stall,
            "stalled_at": stalled_at,
            "load_max": load,
            "pressure_max_percent": pressure,
            "steal_percent": 100 * spent["steal"] / max(1, spent["cpu"]),
            "free_disk_min_bytes": free,
            "oom_kills": spent["oom_kill"],
        }
        part = file.with_suffix(".part")
        part.write_text(json.dumps(seen))
        part.replace(file)


def _counters() -> dict[str, int]:
    cpu = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    memory = dict(line.split() for line in Path("/proc/vmstat").read_text().splitlines())
    return {"cpu": sum(cpu[:8]), "steal": cpu[7], "oom_kill": int(memory.get("oom_kill", 0))}


def _pressure(resource: str) -> float:
    """The share of the last 10 s in which some task waited for the resource, in percent; 0 where the kernel does not tell."""
    try:
        some = Path(f"/proc/pressure/{resource}").read_text().splitlines()[0]
    except OSError:
        return 0.0
    return float(dict(field.split("=") for field in some.split()[1:])["avg10"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
