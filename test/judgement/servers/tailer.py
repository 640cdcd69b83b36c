#!/usr/bin/python3
"""A shipper that opens the log when it has grown, reads it at a bounded rate, and closes it when nothing came for a
while."""

from __future__ import annotations

import argparse
import os
import time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path")
    parser.add_argument("--bytes-a-second", type=int, default=1 << 20)
    parser.add_argument("--close-after", type=float, default=1e9, help="seconds without a new line")
    given = parser.parse_args()
    read_to: dict[int, int] = {}  # by inode
    while True:
        status = os.stat(given.path) if os.path.exists(given.path) else None
        if status is not None and status.st_size > read_to.get(status.st_ino, 0):
            follow(given, read_to)
        time.sleep(0.5)


def follow(given: argparse.Namespace, read_to: dict[int, int]) -> None:
    with open(given.path, "rb", buffering=0) as log:
        inode = os.fstat(log.fileno()).st_ino
        log.seek(read_to.get(inode, 0))
        last = time.monotonic()
        while time.monotonic() - last < given.close_after:
            if log.read(given.bytes_a_second // 10):
                last = time.monotonic()
            elif not os.path.exists(given.path) or os.stat(given.path).st_ino != inode:
                return  # the end of a file that is not the log any more
            time.sleep(0.1)
        read_to[inode] = log.tell()


if __name__ == "__main__":
    main()
