#!/usr/bin/python3
"""A worker that leaves a sign of life after each task: touches a file, dated as its clock is, or counts in it. SIGUSR1
blocks its loop, as a broker does that is gone."""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--task-seconds", type=float, default=0.5)
    parser.add_argument("--count", action="store_true")
    parser.add_argument("--clock-offset-file", type=Path, help="seconds that its clock is ahead")
    given = parser.parse_args()
    signal.signal(signal.SIGUSR1, lambda *_: threading.Event().wait())
    tasks = 0
    while True:
        tasks += 1
        if given.count:
            fresh = given.file.with_suffix(".new")
            fresh.write_text(json.dumps({"started": "long ago", "ticks": tasks}))
            fresh.rename(given.file)
        else:
            offset = float(given.clock_offset_file.read_text()) if given.clock_offset_file else 0
            given.file.touch()
            os.utime(given.file, (time.time() + offset, time.time() + offset))
        time.sleep(given.task_seconds)


if __name__ == "__main__":
    main()
