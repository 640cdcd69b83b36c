"""Progress lines, bounded waits, and the one error type whose text is meant for the user."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HEARTBEAT_SECONDS = 5.0


class ClusterError(Exception):
    """Says what was tried, what happened, and what to do about it."""


def say(line: str) -> None:
    print(line, flush=True)


def wait_until(description: str, holds: Callable[[], bool], timeout: float, heartbeat: Callable[[], str] | None = None) -> None:
    """Polls `holds` until it is true. Prints a line every few seconds; raises ClusterError when `timeout` seconds are used up.

    A look that took long, because the machine stood still, uses up one second.
    """
    start = last_line = last_look = time.monotonic()
    left = timeout
    while not holds():
        now = time.monotonic()
        left, last_look = left - min(now - last_look, 1), now
        if left <= 0:
            raise ClusterError(f"waited {timeout:.0f} s in vain for {description}")
        if now - last_line >= HEARTBEAT_SECONDS:
            last_line = now
            more = f", {heartbeat()}" if heartbeat else ""
            say(f"      … {description} ({now - start:.0f} s{more})")
        time.sleep(0.05)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Prints what begins now, and how long it took if that was noticeable."""
    say(f"{title} …")
    start = time.monotonic()
    yield
    seconds = time.monotonic() - start
    if seconds >= 2:
        say(f"      done in {seconds:.1f} s")
