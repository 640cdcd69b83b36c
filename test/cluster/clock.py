"""Moves the wall clock of one running process, as a correction by NTP moves it for all of a node's (x86-64).

A program asks for the time through the vDSO, a piece of code that the kernel maps into it (vdso(7)). Written over with an
own one, it asks the kernel and adds an offset to CLOCK_REALTIME; libfaketime does the same for programs that are not static.
"""

from __future__ import annotations

import struct
from pathlib import Path

CLOCK_GETTIME = b"__vdso_clock_gettime"


def move_wall_clock(pid: int, seconds: int) -> None:
    """From now on, until it ends, the process believes the wall clock to be so many seconds later (negative: earlier)."""
    begin, end = _vdso(pid)
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(begin)
        image = memory.read(end - begin)
        memory.seek(begin + _address_of(image, CLOCK_GETTIME))
        memory.write(_code(seconds))


def _code(seconds: int) -> bytes:
    return (
        b"\xb8\xe4\x00\x00\x00"  # mov eax, 228        clock_gettime(edi, rsi); the call keeps both registers
        b"\x0f\x05"  # syscall
        b"\x85\xff"  # test edi, edi       CLOCK_REALTIME is 0
        b"\x75\x07"  # jne +7
        b"\x48\x81\x06" + struct.pack("<i", seconds)  # add qword [rsi], seconds
        + b"\xc3"  # ret
    )  # fmt: skip


def _vdso(pid: int) -> tuple[int, int]:
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        if line.endswith("[vdso]"):
            begin, end = line.split()[0].split("-")
            return int(begin, 16), int(end, 16)
    raise RuntimeError(f"process {pid} has no vDSO")


def _address_of(image: bytes, symbol: bytes) -> int:
    """Where a function is, from the image's begin: by its dynamic symbols (elf(5))."""
    section_at = struct.unpack_from("<Q", image, 40)[0]
    size, number = struct.unpack_from("<HH", image, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", image, section_at + size * each) for each in range(number)]
    symbols = next(each for each in sections if each[1] == 11)  # SHT_DYNSYM
    names = sections[symbols[6]][4]
    for offset in range(symbols[4], symbols[4] + symbols[5], 24):
        name, value = struct.unpack_from("<I4xQ", image, offset)
        if image[names + name : image.index(b"\0", names + name)] == symbol:
            return value
    raise RuntimeError(f"the vDSO has no {symbol.decode()}")
