"""Files of installed Debian packages, for images: programs with the shared libraries that they load."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from progress import ClusterError

_LEFT_OUT = re.compile(r"/usr/share/(doc|man|locale|lintian|bug)/|/usr/lib/systemd/|/lib/systemd/")
_LOADED = re.compile(r"(?:=> |^\s+)(/\S+) \(0x", re.MULTILINE)


def files_of(*packages: str) -> dict[str, Path]:
    """What the packages have installed, by its path in an image, and the libraries of all that."""
    listed = subprocess.run(["dpkg", "--listfiles", *packages], capture_output=True, text=True)
    if listed.returncode != 0:
        raise ClusterError(f"base/install_dependencies.sh test installs what is missing: {listed.stderr.strip()}")
    paths = (Path(line) for line in listed.stdout.splitlines() if line.startswith("/") and not _LEFT_OUT.search(line))
    return with_libraries(path for path in paths if path.is_file())


def with_libraries(files: Iterable[Path]) -> dict[str, Path]:
    """The files, and the dynamic loader and the shared libraries of those among them that are programs or libraries."""
    found = {str(file).lstrip("/"): file for file in files}
    linked = [str(file) for file in found.values() if _is_elf(file)]
    told = subprocess.run(["ldd", *linked], capture_output=True, text=True).stdout if linked else ""
    return found | {library.lstrip("/"): Path(library) for library in _LOADED.findall(told)}


def _is_elf(file: Path) -> bool:
    with file.open("rb") as content:
        return content.read(4) == b"\x7fELF"
