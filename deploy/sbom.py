#!/usr/bin/python3
"""The bill of materials of build/release/podmedic: everything that was compiled or linked into it, as CycloneDX 1.6.

Read from the build itself: the headers that the compiler read, the archives that were linked, and the Debian packages that
they are of. Usage: sbom.py [BUILD_DIRECTORY] >podmedic.cdx.json"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]

# By Debian source package: the name that upstream has, and the licence of what comes into the program, as SPDX has it.
KNOWN = {
    "boost1.81": ("boost", "BSL-1.0"),
    "c-ares": ("c-ares", "MIT"),
    "cli11": ("cli11", "BSD-3-Clause"),
    "fmtlib": ("fmt", "MIT"),
    "gcc-12": ("gcc-runtime", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    "glibc": ("glibc", "LGPL-2.1-or-later"),
    "linux": ("linux-headers", "GPL-2.0-only WITH Linux-syscall-note"),
    "nghttp2": ("nghttp2", "MIT"),
    "nlohmann-json3": ("nlohmann-json", "MIT"),
    "openssl": ("openssl", "Apache-2.0"),
    "spdlog": ("spdlog", "MIT"),
    "yaml-cpp": ("yaml-cpp", "MIT"),
    "zlib": ("zlib", "Zlib"),
}


def output_of(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def headers_of(deps: str) -> set[str]:
    """Of what `ninja -t deps` prints, the system's headers that podmedic's own objects and curl's were compiled with."""
    found: set[str] = set()
    ours = False
    for line in deps.splitlines():
        if line and not line.startswith(" "):
            ours = not line.startswith("test/")
        elif ours and line.startswith("    /"):
            found.add(line.strip())
    return {path for path in found if not path.startswith(f"{ROOT}/")}


def archives_of(link: str) -> set[str]:
    """The system's archives in a link command, and those that the compiler adds by itself."""
    names = set(re.findall(r"\blib[\w+-]+\.a\b", link)) | {f"lib{name}.a" for name in re.findall(r" -l(\S+)", link)}
    names = {name for name in names if not name.startswith("libpodmedic_") and name != "libcurl.a"}
    names |= {"libstdc++.a", "libgcc.a", "libgcc_eh.a", "libc.a", "libm.a"}
    return {str(Path(output_of("g++", f"-print-file-name={name}").strip()).resolve()) for name in names}


def packages_of(files: Iterable[str]) -> set[str]:
    """The Debian packages that have these files; a file that is of none is an error."""
    found = subprocess.run(["dpkg", "-S", *sorted(files)], capture_output=True, text=True, check=False)
    assert not found.stderr, f"a part of podmedic comes from no Debian package: {found.stderr}"
    return {line.split(": ")[0] for line in found.stdout.splitlines()}


def debian_component(package: str) -> dict[str, Any]:
    source, version, architecture = output_of("dpkg-query", "-W", "-f", "${source:Package} ${Version} ${Architecture}", package).split()
    assert source in KNOWN, f"{source} is new in podmedic: add it with its licence to KNOWN in deploy/sbom.py"
    name, licence = KNOWN[source]
    purl = f"pkg:deb/debian/{package.split(':')[0]}@{quote(version, safe='~')}?arch={architecture}&distro=debian-12"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "licenses": [{"expression": licence}], "purl": purl}


def curl_component() -> dict[str, Any]:
    cmake = (ROOT / "base" / "curl.cmake").read_text()
    version = re.search(r"curl-([\d.]+)\.tar\.gz", cmake)
    digest = re.search(r"URL_HASH SHA256=([0-9a-f]{64})", cmake)
    assert version and digest, "base/curl.cmake no longer says which curl it builds"
    purl = f"pkg:generic/curl@{version[1]}?checksum=sha256:{digest[1]}"
    return {"type": "library", "bom-ref": purl, "name": "curl", "version": version[1], "hashes": [{"alg": "SHA-256", "content": digest[1]}],
            "licenses": [{"expression": "curl"}], "purl": purl}


def main(build: Path) -> None:
    link = output_of("ninja", "-C", str(build), "-t", "commands", "-s", "podmedic")
    packages = packages_of(headers_of(output_of("ninja", "-C", str(build), "-t", "deps")) | archives_of(link))
    components = sorted([curl_component(), *map(debian_component, packages)], key=lambda each: (each["name"], each["purl"]))
    cmake = (ROOT / "CMakeLists.txt").read_text()
    version = re.search(r"^project\(podmedic VERSION (\S+)", cmake, re.MULTILINE)
    assert version, "CMakeLists.txt no longer says which version this is"
    digest = hashlib.sha256((build / "podmedic").read_bytes()).hexdigest()
    podmedic = {"type": "application", "bom-ref": "podmedic", "name": "podmedic", "version": version[1],
                "licenses": [{"expression": "Apache-2.0"}], "hashes": [{"alg": "SHA-256", "content": digest}]}
    # No time and no serial number: the same program has the same bill.
    bill = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": podmedic}, "components": components,
            "dependencies": [{"ref": "podmedic", "dependsOn": [each["bom-ref"] for each in components]}]}
    print(json.dumps(bill, indent=2))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "release")
