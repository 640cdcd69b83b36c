#!/usr/bin/python3
"""An engine's input loop. `evict`: takes a request every half second from a pipe into a bounded cache, until SIGUSR1
makes the cache's order hold a key that its entries do not: then it evicts for ever. `poll`: looks for work, yields, and
looks again, a whole core for nothing."""

from __future__ import annotations

import os
import signal
import sys
from collections import OrderedDict


def evict() -> None:
    entries: dict[int, bytes] = {}
    order: OrderedDict[int, None] = OrderedDict()
    orphans: list[int] = []
    signal.signal(signal.SIGUSR1, lambda *_: orphans.append(-1))
    number = 0
    while line := os.read(0, 64):
        number += 1
        entries[number] = line
        order[number] = None
        order.update((key, None) for key in orphans)
        while len(order) > 8 or orphans:
            key = next(iter(order))
            if entries.pop(key, None) is None:
                order.move_to_end(key)  # not there: it looks at the next one first
            else:
                del order[key]


def poll() -> None:
    while True:
        os.sched_yield()


if __name__ == "__main__":
    {"evict": evict, "poll": poll}[sys.argv[1]]()
