"""What went wrong in a stage, in a line each: from JUnit files where tests ran, else from the stage's log."""

from __future__ import annotations

import re
import xml.etree.ElementTree as xml
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LONGEST_REASON = 240
# What a log says in the line that matters, the surest first.
_TELLING = (
    r"No space left on device",
    r"\berror: ",
    r"^cluster: |^!.* no cluster, so no test: |Exit: no cluster",
    r"^podmedic: |^E: ",
    r"CMake Error|FAILED: |panic: |Traceback|Error: |\*\*\* ",
)


@dataclass(frozen=True)
class Tests:
    """How many passed, and why each of the others did not."""

    passed: int
    failures: dict[str, str]


def read(junit_files: list[Path]) -> Tests:
    passed, failures = 0, {}
    for file in junit_files:
        try:
            cases = list(xml.parse(file).getroot().iter("testcase"))
        except (OSError, xml.ParseError):
            failures[file.name] = "this list of results could not be read"
            continue
        for case in cases:
            reason = _reason(case)
            if reason is None:
                passed += 1
            else:
                failures[_name(case)] = shortened(reason)
    return Tests(passed, failures)


def _name(case: xml.Element) -> str:
    file, name = case.get("classname", ""), case.get("name", "")
    return name if file in ("", name) else f"{file.rpartition('.')[2]}::{name}"


def _reason(case: xml.Element) -> str | None:
    """None for a test that passed. One that was skipped has failed: in CI nothing is."""
    skipped = case.find("skipped")
    if skipped is not None:
        return f"skipped: {skipped.get('message', '')}"
    for kind in ("failure", "error"):
        found = case.find(kind)
        if found is not None:  # pytest's message is the assertion's; ctest's is empty, and the reason is in the output
            return (found.get("message") if case.get("file") or case.get("classname") != case.get("name") else None) or _of_output(case)
    if case.get("status") in ("fail", "notrun", "disabled"):
        return _of_output(case)
    return None


def _of_output(case: xml.Element) -> str:
    output = case.findtext("system-out") or ""
    failure = re.search(r"^(\S+:\d+: Failure|unknown file: Failure)\n((?:.+\n?)*)", output, re.MULTILINE)
    if failure:
        return failure[1].rpartition("/")[2].removesuffix(": Failure") + ": " + failure[2]
    return log_reason(output) or "it ended badly and said nothing"


def log_reason(text: str) -> str:
    """The line of a log that tells what went wrong; the last one where none stands out."""
    lines = [line for line in text.splitlines() if line.strip()]
    for pattern in _TELLING:
        for number, line in enumerate(lines):
            if re.search(pattern, line):
                return shortened(" ".join(lines[number : number + 3]))
    return shortened(lines[-1]) if lines else ""


def shortened(reason: str) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 1] + "…"


def progress(log: str) -> str:
    """How far tests have come, by the last word of ctest or pytest on it."""
    counts: Iterator[re.Match[str]] = re.finditer(r"^ *(\d+)/(\d+) Test|\[ *(\d+)%\]|^\[(\d+)/(\d+)\] ", log, re.MULTILINE)
    last = None
    for last in counts:
        pass
    if last is None:
        return ""
    if last[3]:
        return f"{last[3]} %"
    return f"{last[1] or last[4]} of {last[2] or last[5]}"
