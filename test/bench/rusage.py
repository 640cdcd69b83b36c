"""Runs a command N times, one after the other, and prints the CPU time of each in seconds (user and kernel mode).

A program of its own, because it must stand beside the command: in the sandbox, with nothing between them."""

import os
import sys

count, command = int(sys.argv[1]), sys.argv[2:]
nowhere = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
for _ in range(count):
    pid = os.posix_spawn(command[0], command, {}, file_actions=nowhere)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    print(usage.ru_utime + usage.ru_stime)
