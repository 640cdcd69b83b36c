"""Letting time pass where time is what is measured."""

import time

from progress import HEARTBEAT_SECONDS, say


def let_pass(seconds: float, description: str = "") -> None:
    """Sleeps; says every few seconds how long it still takes."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if description and seconds > HEARTBEAT_SECONDS:
            say(f"      … {description}, {left:.0f} s to go")
        time.sleep(min(left, HEARTBEAT_SECONDS))
