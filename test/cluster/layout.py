"""Where everything of the test cluster lies: directories, addresses, names."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parent
BUILD = SOURCE.parent.parent / "build" / "cluster"
BIN = BUILD / "bin"
LOG = BUILD / "log"
PKI = BUILD / "pki"
CONFIG = BUILD / "config"
STATE = BUILD / "state"  # what the programs of the node write: etcd, containerd, kubelet
IMAGES = BUILD / "images"
KUBECONFIG = BUILD / "kubeconfig"

NODE_NAME = "node"
HOST_LINK = "podmedic0"  # the host's end of the cable to the node
CNI_PLUGINS = Path("/usr/lib/cni")
PAUSE_IMAGE = "localhost/pause:1"

# Outside of the clone: one machine has at most one cluster, whichever clone started it.
OWNER_RECORD = Path("/run/podmedic-cluster.json")
OWNER_LOCK = Path("/run/podmedic-cluster.lock")


@dataclass(frozen=True)
class Addresses:
    """How one /16 is shared out. Only the host and the node have routes into it."""

    subnet: ipaddress.IPv4Network

    @property
    def host(self) -> str:
        return str(self.subnet[1])

    @property
    def node(self) -> str:
        return str(self.subnet[2])

    @property
    def pods(self) -> ipaddress.IPv4Network:
        return ipaddress.IPv4Network((int(self.subnet[256]), 24))

    @property
    def services(self) -> ipaddress.IPv4Network:
        return ipaddress.IPv4Network((int(self.subnet[512]), 24))

    @property
    def kubernetes(self) -> str:
        """The ClusterIP of the API server: always the first of the range."""
        return str(self.services[1])

    @property
    def dns(self) -> str:
        """Nobody listens here: the Pods' look-ups fail at once."""
        return str(self.services[10])

    @property
    def api_url(self) -> str:
        return f"https://{self.node}:6443"


ADDRESSES = Addresses(ipaddress.IPv4Network(os.environ.get("CLUSTER_SUBNET", "10.213.0.0/16")))
