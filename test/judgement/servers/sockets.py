#!/usr/bin/python3
"""Connections as an application has them. SIGUSR1 makes what it does stop: to accept, or to read."""

from __future__ import annotations

import signal
import socket
import sys
import time
from collections.abc import Callable

stopped = False


def stop(*_: object) -> None:
    global stopped
    stopped = True


def accept() -> None:
    """A server of one thread that takes a tenth of a second for each."""
    listener = socket.create_server(("127.0.0.1", 8001), backlog=64)
    while True:
        while stopped:
            time.sleep(1)
        connection, _ = listener.accept()
        time.sleep(0.1)
        connection.close()


def connect() -> socket.socket:
    return socket.create_connection(("127.0.0.1", 5432))


def ask() -> None:
    """Twice a second, over one connection."""
    connection = connect()
    connection.settimeout(3)
    while True:
        try:
            connection.send(b"select 1\n")
            connection.recv(64)
        except OSError:
            pass  # the pool hands it out again
        time.sleep(0.5)


def read() -> None:
    connection = connect()
    while True:
        while stopped:
            time.sleep(1)
        connection.recv(4096)


def hold() -> None:
    connections = [connect() for _ in range(100)]
    time.sleep(3600)
    del connections


def send() -> None:
    connection = connect()
    while True:
        connection.send(b"x" * 65536)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, stop)
    act: dict[str, Callable[[], None]] = {"accept": accept, "ask": ask, "read": read, "hold": hold, "send": send}
    act[sys.argv[1]]()
