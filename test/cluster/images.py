"""Container images without Docker: makes OCI archives, and loads them into the node's containerd.

    write_archive(Path("actor.oci.tar"), {"actor": Path("build/…/actor")}, entrypoint=["/actor"])

A directory's files go in as {str(p.relative_to(d)): p for p in d.rglob("*") if p.is_file()}.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components import CONTAINERD_SOCKET
from layout import BIN, IMAGES
from node import Node
from progress import ClusterError, wait_until

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"


def write_archive(
    archive: Path,
    files: Mapping[str, Path | bytes],
    entrypoint: Sequence[str],
    user: str = "",
    environment: Mapping[str, str] | None = None,
) -> Path:
    """Writes an OCI archive with one layer. Keys of `files` are paths in the image; the same files give the same bytes."""
    layer = _tar({name: (_content(source), _mode(source)) for name, source in files.items()})
    config = {
        "architecture": _architecture(),
        "os": "linux",
        "config": {
            "Entrypoint": list(entrypoint),
            "User": user,
            "Env": [f"{name}={value}" for name, value in {"PATH": "/", **(environment or {})}.items()],
        },
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
    }
    config_bytes = json.dumps(config).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _descriptor(_CONFIG, config_bytes),
        "layers": [_descriptor(_LAYER, layer)],
    }
    manifest_bytes = json.dumps(manifest).encode()
    index = {"schemaVersion": 2, "manifests": [_descriptor(_MANIFEST, manifest_bytes)]}
    blobs = {f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}": blob for blob in (layer, config_bytes, manifest_bytes)}
    layout = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": json.dumps(index).encode(), **blobs}
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.write_bytes(_tar({name: (content, 0o644) for name, content in layout.items()}))
    return archive


def full_name(name: str) -> str:
    """The name as Pods must write it: without a host in front, the kubelet would look for it in a public registry."""
    first, slash, _ = name.partition("/")
    has_host = slash != "" and (first == "localhost" or "." in first or ":" in first)
    name = name if has_host else f"localhost/{name}"
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def load(node: Node, archive: Path, name: str) -> str:
    """Imports an OCI archive with one image (of write_archive or buildah's oci-archive:) under a name; returns the full name."""
    name = full_name(name)
    if not archive.is_file():
        raise ClusterError(f"cannot load {archive}: there is no such file")
    with tempfile.NamedTemporaryFile(dir=IMAGES, suffix=".oci.tar") as renamed:
        _rename(archive, Path(renamed.name), name)
        _ctr(node, "images", "import", renamed.name)
    # The kubelet sees an image only when containerd's CRI plugin has taken it over.
    wait_until(
        f"containerd to offer {name}",
        lambda: "io.cri-containerd.image=managed" in _ctr(node, "images", "list", f"name=={name}"),
        timeout=30,
    )
    return name


def _rename(archive: Path, renamed: Path, name: str) -> None:
    """Copies an OCI archive. containerd knows its image by the new name only: two names for one image confuse the kubelet."""
    with tarfile.open(archive) as source, tarfile.open(renamed, "w") as target:
        for member in source:
            content = source.extractfile(member)
            if member.name.removeprefix("./") == "index.json" and content is not None:
                index = json.load(content)
                if len(index["manifests"]) != 1:
                    raise ClusterError(f"{archive} holds {len(index['manifests'])} images: expected one")
                index["manifests"][0]["annotations"] = {"io.containerd.image.name": name}
                text = json.dumps(index).encode()
                member.size, content = len(text), io.BytesIO(text)
            target.addfile(member, content)


def is_loaded(node: Node, name: str) -> bool:
    return full_name(name) in _ctr(node, "images", "list", "--quiet").split()


def _ctr(node: Node, *arguments: str) -> str:
    socket = f"/proc/{node.pid}/root{CONTAINERD_SOCKET}"
    command = [str(BIN / "ctr"), "--address", socket, "--namespace", "k8s.io", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise ClusterError(f"ctr {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout


def _tar(entries: Mapping[str, tuple[bytes, int]]) -> bytes:
    """A tar of files that belong to root and have no time, with the directories that they need."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for directory in sorted({str(parent) for name in entries for parent in Path(name).parents} - {".", "/"}):
            tar.addfile(_tar_info(directory, tarfile.DIRTYPE, 0o755))
        for name, (content, mode) in entries.items():
            info = _tar_info(name, tarfile.REGTYPE, mode)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _tar_info(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.mode = mode
    return info


def _content(source: Path | bytes) -> bytes:
    return source if isinstance(source, bytes) else source.read_bytes()


def _mode(source: Path | bytes) -> int:
    return 0o644 if isinstance(source, bytes) else source.stat().st_mode & 0o777


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _descriptor(media_type: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": _digest(blob), "size": len(blob)}


def _architecture() -> str:
    machine = subprocess.run(["uname", "-m"], capture_output=True, text=True, check=True).stdout.strip()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
