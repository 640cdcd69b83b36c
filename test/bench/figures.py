"""What a benchmark says: a figure with its samples, beside a peer's; the table and the files made of them."""

from __future__ import annotations

import json
import platform
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Row = dict[str, object]


@dataclass(frozen=True)
class Figure:
    """One measured quantity; less is better. What is shown of the samples is their median."""

    name: str
    unit: str
    samples: Sequence[float]
    command: str  # how it was measured, in words of a command line
    at_most: float | None = None  # the target, in `unit`
    peer: str | None = None
    peer_samples: Sequence[float] = ()
    ratio_at_most: float | None = None  # the target of ours / peer
    details: dict[str, object] = field(default_factory=dict)  # what helps to understand a surprising value

    @property
    def ours(self) -> float:
        return statistics.median(self.samples)

    @property
    def peer_value(self) -> float | None:
        return statistics.median(self.peer_samples) if self.peer_samples else None

    @property
    def ratio(self) -> float | None:
        return self.ours / self.peer_value if self.peer_value else None

    def verdict(self) -> str:
        """"" where there is no target."""
        bounds = ((self.ours, self.at_most), (self.ratio, self.ratio_at_most))
        wanted = [(value, bound) for value, bound in bounds if value is not None and bound is not None]
        if not wanted:
            return ""
        return "met" if all(value <= bound for value, bound in wanted) else "MISSED"

    def row(self) -> Row:
        return {
            "figure": self.name,
            "unit": self.unit,
            "ours": _rounded(self.ours),
            "peer": self.peer,
            "peer_value": _rounded(self.peer_value),
            "ratio": _rounded(self.ratio),
            "runs": len(self.samples),
            "command": self.command,
        }

    def everything(self) -> Row:
        return {
            **self.row(),
            "at_most": self.at_most,
            "ratio_at_most": self.ratio_at_most,
            "samples": list(self.samples),
            "peer_samples": list(self.peer_samples),
            **self.details,
        }


Step = tuple[str, Callable[[], Iterable[Figure]]]  # what is measured, and the measurement


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}") if abs(value) < 10_000 else round(value)


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "bytes":
        return f"{value / 1e6:.2f} MB"
    return f"{_rounded(value):g} {unit}"


def table(figures: Sequence[Figure]) -> str:
    """The figures as text, a line each: "spread" is the least and the greatest sample."""
    lines = [("figure", "ours", "spread", "runs", "target", "peer", "its value", "ratio")]
    for each in figures:
        targets = [f"<= {_shown(each.at_most, each.unit)}" if each.at_most is not None else ""]
        targets += [f"ratio <= {_rounded(each.ratio_at_most):g}" if each.ratio_at_most is not None else ""]
        spread = f"{_shown(min(each.samples), each.unit)} .. {_shown(max(each.samples), each.unit)}"
        lines.append(
            (
                each.name,
                _shown(each.ours, each.unit),
                spread if len(each.samples) > 1 else "",
                str(len(each.samples)),
                " ".join([*filter(None, targets), each.verdict()]),
                each.peer or "",
                _shown(each.peer_value, each.unit),
                f"{each.ratio:.3g}" if each.ratio is not None else "",
            )
        )
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def write(figures: Sequence[Figure], directory: Path) -> None:
    """results.json keeps figures of parts that were not measured this time; details.json has samples and the machine."""
    directory.mkdir(parents=True, exist_ok=True)
    results, details = directory / "results.json", directory / "details.json"
    kept = json.loads(details.read_text())["figures"] if details.exists() else []
    fresh = {(each.name, each.peer) for each in figures}
    kept = [row for row in kept if (row["figure"], row["peer"]) not in fresh]
    everything = [*kept, *({**each.everything(), "machine": machine()} for each in figures)]
    results.write_text(_lines([{key: row[key] for key in figures[0].row()} for row in everything] if figures else []))
    details.write_text(json.dumps({"machine": machine(), "figures": everything}, indent=1) + "\n")


def _lines(rows: Sequence[Row]) -> str:
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"


def machine() -> Row:
    """What the figures were measured on, and how busy it was."""
    models = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    memory = Path("/proc/meminfo").read_text().split()[1]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": len(models) or None,
        "memory_bytes": int(memory) * 1024,
        "kernel": platform.release(),
        "load_average": Path("/proc/loadavg").read_text().split()[0],
    }
