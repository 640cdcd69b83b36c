"""build/dist, as `make release` leaves it: what is in it agrees, and is what was built. That another directory gives the
same program is `make reproducible`."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "build" / "dist"
VALIDATOR = "cyclonedx-python-lib[json-validation]==11.12.0"

found = re.search(r"^project\(podmedic VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)
assert found
VERSION = found[1]
ARCHITECTURE = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()
PROGRAM = DIST / f"podmedic-{VERSION}-linux-{ARCHITECTURE}"
IMAGE = DIST / f"podmedic-{VERSION}.oci.tar"
BILL = DIST / f"podmedic-{VERSION}.cdx.json"


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_the_version_of_cmake_is_the_only_one() -> None:
    said = subprocess.run([PROGRAM, "--version"], check=True, capture_output=True, text=True).stdout
    assert said == f"podmedic {VERSION}\n"
    chart = (ROOT / "deploy/helm/podmedic/Chart.yaml").read_text()
    assert dict(re.findall(r"^(version|appVersion): (\S+)", chart, re.MULTILINE)) == {"version": VERSION, "appVersion": VERSION}
    tracked = subprocess.run(["git", "-C", ROOT, "-c", f"safe.directory={ROOT}", "ls-files", "-z", "*.md", "*.yaml", "*.json", "*.py", "*.sh"],
                             check=True, capture_output=True, text=True).stdout
    images = re.compile(r"\b(?:podmedic[:-]|newTag: \"?)v?(\d+\.\d+\.\d+)\b")
    others = {(path, other) for path in tracked.split("\0") if path for other in images.findall((ROOT / path).read_text())} - {("", "")}
    assert {other for _, other in others} == {VERSION}, others
    assert len(others) >= 3, "the pattern still finds what docs say of images"


def test_the_checksums_are_those_of_all_files() -> None:
    lines = dict(reversed(line.split("  ")) for line in (DIST / "SHA256SUMS").read_text().splitlines())
    assert lines == {path.name: digest_of(path.read_bytes()) for path in DIST.iterdir() if path.name != "SHA256SUMS"}
    assert {PROGRAM.name, IMAGE.name, BILL.name} < lines.keys()


def test_the_program_does_not_tell_where_or_when_it_was_built() -> None:
    program = PROGRAM.read_bytes()
    for place in (str(ROOT), str(Path.home()) + "/", "/build/release"):
        assert place.encode() not in program, place
    built = subprocess.run(["date", "+%b %e %Y"], check=True, capture_output=True, text=True).stdout.strip()
    assert built.encode() not in program, "__DATE__"
    headers = subprocess.run(["readelf", "--program-headers", PROGRAM], check=True, capture_output=True, text=True).stdout
    assert "INTERP" not in headers and "DYNAMIC" not in headers, "static"


def test_the_image_holds_the_program_alone_and_is_built_again_the_same_to_the_byte() -> None:
    with tarfile.open(IMAGE) as archive:
        def blob(digest: str) -> bytes:
            member = archive.extractfile("blobs/sha256/" + digest.removeprefix("sha256:"))
            assert member
            return member.read()

        index = archive.extractfile("index.json")
        assert index
        named = json.load(index)["manifests"][0]["digest"]
        assert named == (DIST / f"podmedic-{VERSION}.image-digest").read_text().strip()
        manifest = json.loads(blob(named))
        assert digest_of(blob(named)) == named.removeprefix("sha256:")
        config = json.loads(blob(manifest["config"]["digest"]))["config"]
        assert config["User"] == "65532:65532" and config["Labels"]["org.opencontainers.image.version"] == VERSION
        (layer,) = manifest["layers"]
        directory = ROOT / "build" / "release-test"
        directory.mkdir(exist_ok=True)
        (directory / "layer").write_bytes(blob(layer["digest"]))
        with tarfile.open(directory / "layer") as files:
            assert [(f.name, f.mode & 0o7777, f.uid, f.mtime) for f in files if f.isfile()] == [("podmedic", 0o711, 0, 0)]
            program = files.extractfile("podmedic")
            assert program and program.read() == PROGRAM.read_bytes()
    before = digest_of(IMAGE.read_bytes())
    subprocess.run([ROOT / "deploy" / "image.sh"], check=True, capture_output=True)
    assert digest_of((ROOT / "build" / "podmedic.oci.tar").read_bytes()) == before


@pytest.fixture(scope="session")
def validator() -> Path:
    """Where the validator of CycloneDX's own library is; it is installed once."""
    directory = ROOT / "build" / "tools" / "cyclonedx"
    if not (directory / "cyclonedx").exists():
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", directory, VALIDATOR], check=True)
    return directory


def validate(text: str, validator: Path) -> str:
    """What CycloneDX's schema has against it."""
    script = ("import sys; from cyclonedx.schema import SchemaVersion; from cyclonedx.validation.json import JsonStrictValidator\n"
              "print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read()) or '')")
    done = subprocess.run([sys.executable, "-c", script], input=text, check=True, capture_output=True, text=True, env={"PYTHONPATH": str(validator)})
    return done.stdout.strip()


def test_the_bill_of_materials_is_valid_and_names_what_is_linked(validator: Path) -> None:
    text = BILL.read_text()
    assert validate(text, validator) == ""
    assert "licenses" in validate(text.replace("BSL-1.0", "", 1).replace('"expression": ""', '"expression of": ""'), validator), "it can refuse"
    bill = json.loads(text)
    assert bill["metadata"]["component"]["hashes"][0]["content"] == digest_of(PROGRAM.read_bytes())
    versions = {each["name"]: each["version"] for each in bill["components"]}
    assert versions.keys() >= {"boost", "c-ares", "cli11", "curl", "fmt", "gcc-runtime", "glibc", "nghttp2", "nlohmann-json", "openssl",
                               "spdlog", "yaml-cpp", "zlib"}
    # What the program itself says of the parts that put their version into it.
    program = PROGRAM.read_bytes()
    openssl = re.search(rb"OpenSSL (\d+\.\d+\.\d+) ", program)
    zlib = re.search(rb" inflate (\d+\.\d+\.\d+) Copyright", program)
    assert openssl and versions["openssl"].startswith(openssl[1].decode() + "-")
    assert zlib is None or zlib[1].decode() in versions["zlib"]
    header = (ROOT / "build/release/_deps/curl-src/include/curl/curlver.h").read_text()
    assert f'#define LIBCURL_VERSION "{versions["curl"]}"' in header
    assert {each["bom-ref"] for each in bill["components"]} == set(bill["dependencies"][0]["dependsOn"])


def test_a_part_whose_licence_nobody_has_looked_up_is_refused(tmp_path: Path) -> None:
    script = (ROOT / "deploy" / "sbom.py").read_text()
    changed = tmp_path / "deploy" / "sbom.py"
    changed.parent.mkdir()
    for part in ("base", "CMakeLists.txt"):
        (tmp_path / part).symlink_to(ROOT / part)
    changed.write_text(re.sub(r'    "zlib": .*\n', "", script))
    done = subprocess.run([sys.executable, changed, ROOT / "build" / "release"], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "zlib is new in podmedic" in done.stderr
