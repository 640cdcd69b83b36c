#!/usr/bin/python3
"""Leaks what it is told to, at a rate a second: memory (MiB), sockets, threads, or children that nobody waits for. With
--until, the growth ends there, a cache that is warm; with --collect, all of it is given back then, as garbage is."""

from __future__ import annotations

import argparse
import os
import socket
import threading
import time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["memory", "sockets", "threads", "children"])
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--until", type=int, default=1 << 30)
    parser.add_argument("--collect", action="store_true")
    parser.add_argument("--start-after", type=float, default=0, help="seconds")
    given = parser.parse_args()
    kept: list[object] = []
    began = time.monotonic() + given.start_after
    while True:
        due = min(int((time.monotonic() - began) * given.rate), given.until)
        if given.collect and len(kept) >= given.until:
            kept.clear()
            began = time.monotonic()
            due = 0
        while len(kept) < due:
            kept.append(leak(given.what))
        time.sleep(0.1)


def leak(what: str) -> object:
    if what == "memory":
        return bytearray(os.urandom(1 << 20))
    if what == "sockets":
        return socket.socket()
    if what == "threads":
        thread = threading.Thread(target=threading.Event().wait, daemon=True)
        thread.start()
        return thread
    if (pid := os.fork()) == 0:
        os._exit(0)
    return pid


if __name__ == "__main__":
    main()
