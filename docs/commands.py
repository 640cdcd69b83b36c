#!/usr/bin/python3
"""The options in docs/commands.md are those of the program. Usage: commands.py PODMEDIC [--update]

Exit code 1 where the page shows other ones; with --update they are written there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).with_name("commands.md")
BEGIN, END = "<!-- commands -->\n", "<!-- /commands -->"


def help_of(podmedic: str, *command: str) -> list[str]:
    return subprocess.run([podmedic, *command, "--help"], capture_output=True, text=True, check=True).stdout.splitlines()


def entries(lines: list[str], heading: str) -> list[tuple[str, str]]:
    """(what is typed, what it does) of the part of a help text under that heading."""
    found: list[tuple[str, str]] = []
    for line in lines[lines.index(heading) + 1:] if heading in lines else []:
        if re.match(r"  \S", line):
            typed, _, says = line.strip().partition("  ")
            found.append((typed, says.strip()))
        elif line.startswith("   ") and found:
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}".strip())
        else:
            break
    return found


def commands(podmedic: str) -> dict[str, str]:
    """Names and what each does."""
    return dict(entries(help_of(podmedic), "Subcommands:"))


def options(podmedic: str, command: str) -> list[tuple[str, str]]:
    lines = help_of(podmedic, command)
    return entries(lines, "Positionals:") + [e for e in entries(lines, "Options:") if not e[0].startswith("-h,")]


def row(typed: str, says: str) -> str:
    """`-f,--file TEXT REQUIRED` and the like, as a row: names, default, variable of the environment, meaning."""
    variable = re.search(r"\(Env:(\w+)\)", typed)
    typed = typed.split(" (Env:")[0]
    names = typed.split()[0]
    default = "required" if "REQUIRED" in typed else ""
    if given := re.search(r"=(\S+)$", typed):
        default = f"`{given[1]}`"
    where = f"`{variable[1]}`" if variable else ""
    return f"| `{names.replace(',', '`, `')}` | {default} | {where} | {says.replace('|', chr(92) + '|')} |\n"


def block(podmedic: str) -> str:
    text = ""
    for name, says in commands(podmedic).items():
        text += f"\n### {name}\n{says}.\n"
        if rows := [row(*each) for each in options(podmedic, name)]:
            text += "\n| option | default | environment | |\n|---|---|---|---|\n" + "".join(rows)
    return text + "\n"


def main(podmedic: str, update: bool) -> int:
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    wanted = before + BEGIN + block(podmedic) + END + rest.partition(END)[2]
    if page == wanted:
        return 0
    if update:
        PAGE.write_text(wanted)
        return 0
    print(f"{PAGE} does not show the program's options: `make docs` mends that", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], "--update" in sys.argv[2:]))
