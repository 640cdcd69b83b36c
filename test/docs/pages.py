"""The pages that people read, and what stands in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def pages() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted([*DOCS.glob("**/*.md"), *ROOT.glob("examples/*/README.md")])]


@dataclass(frozen=True)
class Block:
    """A fenced block; `not_run` is what stands in the comment before it, `<!-- not run: why -->`."""

    page: Path
    line: int
    language: str
    text: str
    not_run: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file(self) -> str:
        """The name in a first line `# name.yaml`, of blocks that show a file."""
        named = re.match(r"# ([\w-]+\.yaml)\n", self.text)
        return named[1] if named else ""


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    found = re.finditer(r"^(?:<!-- not run: ([^\n]*?) -->\n+)?```([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(page, text.count("\n", 0, m.start(2)) + 1, m[2], m[3], m[1] or "") for m in found]


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def rows(text: str, heading: str = "") -> list[list[str]]:
    """The cells of all table rows whose first cell is a name in backquotes, below that heading or everywhere."""
    if heading:
        text = text.split(f"\n{heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = re.findall(r"^\| (`.*) \|$", text, re.MULTILINE)
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines]
