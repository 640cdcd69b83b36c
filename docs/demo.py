#!/usr/bin/python3
"""Runs a command in a terminal of its own, and draws what it printed, with its colours, as docs/demo.svg. Usage: demo.py COMMAND…"""

from __future__ import annotations

import fcntl
import html
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

PICTURE = Path(__file__).with_name("demo.svg")
COLUMNS, FONT, LINE, MARGIN = 110, 13, 19, 18
ADVANCE = 0.6 * FONT  # of a character: textLength below makes that true of every font
STYLES = {"1": "b", "2": "d", "31": "r", "1;32": "g"}  # of supervisor/rehearsal/timeline.cpp
CSS = """
svg { color-scheme: light dark }
.back { fill: #fbfaf8; stroke: #d8d4cc }
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; fill: #24292f; white-space: pre }
.b { font-weight: 700 } .d { fill: #6e7781 } .r { fill: #b3261e; font-weight: 700 } .g { fill: #1a7f37; font-weight: 700 }
@media (prefers-color-scheme: dark) {
  .back { fill: #161b22; stroke: #30363d }
  text { fill: #e6edf3 }
  .d { fill: #8b949e } .r { fill: #ff7b72 } .g { fill: #3fb950 }
}
"""


def printed_by(command: list[str]) -> str:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, COLUMNS, 0, 0))
    run = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
    os.close(theirs)
    text = b""
    while True:
        try:
            text += os.read(ours, 65536)
        except OSError:  # EIO: the last one on the other side has closed it
            break
    if run.wait() != 0:
        sys.exit(f"demo.py: {command[0]} ended with {run.returncode}:\n{text.decode()}")
    return text.decode().replace("\r\n", "\n")


def spans(line: str, y: int, style: str) -> tuple[str, str]:
    """One <text> for each run of the same style, at its column, so that columns stay columns in every font; and the style in which the
    next line begins."""
    found, column = "", 0
    for part in re.split(r"(\033\[[\d;]*m)", line):
        if escape := re.fullmatch(r"\033\[([\d;]*)m", part):
            style = STYLES.get(escape[1], "")
            continue
        for words in re.finditer(r"\S+(?: \S+)*", part):
            x = MARGIN + (column + words.start()) * ADVANCE
            kind = f' class="{style}"' if style else ""
            found += f'<text x="{x:.1f}" y="{y}" textLength="{len(words[0]) * ADVANCE:.1f}"{kind}>{html.escape(words[0])}</text>\n'
        column += len(part)
    return found, style


def picture(lines: list[str]) -> str:
    width = round(2 * MARGIN + COLUMNS * ADVANCE)
    height = 2 * MARGIN + len(lines) * LINE
    body, style = "", ""
    for i, line in enumerate(lines):
        text, style = spans(line, MARGIN + LINE * (i + 1) - 5, style)
        body += text
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">\n'
            f"<title>make demo: what it prints</title>\n<style>{CSS}</style>\n"
            f'<rect class="back" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>\n{body}</svg>\n')


def main(command: list[str]) -> None:
    text = printed_by(command)
    # Names of directories that are made for each run say nothing.
    lines = [line for line in text.splitlines() if not line.startswith("  logs of the containers:")]
    lines = [re.sub(r"; logs in \S+$", "", line) for line in lines]
    PICTURE.write_text(picture(["\033[2m$\033[0m \033[1mmake demo\033[0m", *lines]))


if __name__ == "__main__":
    main(sys.argv[1:])
