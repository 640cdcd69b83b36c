"""The programs of the cluster: their command lines and configuration files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import host
import pki
from layout import ADDRESSES, BIN, CNI_PLUGINS, CONFIG, LOG, NODE_NAME, PAUSE_IMAGE, PKI, STATE

CONTAINERD_SOCKET = "/run/containerd/containerd.sock"  # in the node's own /run


@dataclass(frozen=True)
class Component:
    """A program of the node. It runs if a process of the node has this command line."""

    name: str
    command: list[str]

    @property
    def log(self) -> Path:
        return LOG / f"{self.name}.log"


@dataclass(frozen=True)
class FeatureGates:
    """Gates that are off, each as GATE (everywhere) or COMPONENT:GATE."""

    off: tuple[str, ...] = ()

    def of(self, component: str) -> dict[str, bool]:
        gates = {}
        for entry in self.off:
            place, _, gate = entry.rpartition(":")
            if place in ("", component):
                gates[gate] = False
        return gates

    def flags(self, component: str) -> list[str]:
        gates = ",".join(f"{gate}=false" for gate in self.of(component))
        return [f"--feature-gates={gates}"] if gates else []


def write_configuration(gates: FeatureGates) -> None:
    """Writes the configuration files that `command lines` below refer to."""
    (CONFIG / "cni").mkdir(parents=True, exist_ok=True)
    (CONFIG / "cni" / "10-pods.conflist").write_text(json.dumps(_cni(), indent=2))
    (CONFIG / "containerd.toml").write_text(_containerd())
    # JSON is YAML, and has no words that turn into booleans.
    (CONFIG / "kubelet.yaml").write_text(json.dumps(_kubelet(gates), indent=2))
    (CONFIG / "kube-proxy.yaml").write_text(json.dumps(_kube_proxy(gates), indent=2))


def storage() -> list[Component]:
    """What needs nothing else: started first."""
    return [
        Component(
            "etcd",
            [host.find("etcd"), f"--data-dir={STATE / 'etcd'}", "--unsafe-no-fsync", "--logger=zap"]
            + ["--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379"]
            + ["--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380"]
            + ["--initial-cluster=default=http://127.0.0.1:2380"],
        ),
        Component("containerd", [str(BIN / "containerd"), f"--config={CONFIG / 'containerd.toml'}"]),
    ]


def api_server(gates: FeatureGates) -> Component:
    return Component(
        "kube-apiserver",
        [
            str(BIN / "kube-apiserver"),
            "--etcd-servers=http://127.0.0.1:2379",
            f"--advertise-address={ADDRESSES.node}",
            "--secure-port=6443",
            f"--service-cluster-ip-range={ADDRESSES.services}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
            f"--client-ca-file={PKI / 'ca.crt'}",
            f"--tls-cert-file={PKI / 'apiserver.crt'}",
            f"--tls-private-key-file={PKI / 'apiserver.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={PKI / 'service-account.key'}",
            f"--service-account-key-file={PKI / 'service-account.pub'}",
            f"--kubelet-certificate-authority={PKI / 'ca.crt'}",
            f"--kubelet-client-certificate={PKI / pki.KUBELET_CLIENT}.crt",
            f"--kubelet-client-key={PKI / pki.KUBELET_CLIENT}.key",
            "--kubelet-preferred-address-types=InternalIP",
            *gates.flags("kube-apiserver"),
        ],
    )


def the_rest(gates: FeatureGates) -> list[Component]:
    """What needs the API server."""
    manager, scheduler = "kube-controller-manager", "kube-scheduler"
    return [
        Component(
            "kubelet",
            [str(BIN / "kubelet"), f"--config={CONFIG / 'kubelet.yaml'}", f"--kubeconfig={pki.kubeconfig_of('kubelet')}"]
            + [f"--root-dir={STATE / 'kubelet'}", f"--hostname-override={NODE_NAME}", f"--node-ip={ADDRESSES.node}"],
        ),
        Component(
            manager,
            [
                str(BIN / manager),
                f"--kubeconfig={pki.kubeconfig_of(manager)}",
                "--leader-elect=false",
                "--controllers=*,-node-ipam-controller",
                "--use-service-account-credentials=true",
                f"--root-ca-file={PKI / 'ca.crt'}",
                f"--service-account-private-key-file={PKI / 'service-account.key'}",
                *gates.flags(manager),
            ],
        ),
        Component(
            scheduler,
            [str(BIN / scheduler), f"--kubeconfig={pki.kubeconfig_of(scheduler)}", "--leader-elect=false"]
            + gates.flags(scheduler),
        ),
        Component("kube-proxy", [str(BIN / "kube-proxy"), f"--config={CONFIG / 'kube-proxy.yaml'}"]),
    ]


def all_components(gates: FeatureGates) -> list[Component]:
    return [*storage(), api_server(gates), *the_rest(gates)]


def _containerd() -> str:
    # restrict_oom_score_adj: some hosts forbid to lower it, and runc then fails without saying so.
    return f"""version = 3
root = "{STATE / 'containerd'}"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.nri.v1.nri",
  "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.erofs",
  "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "{CONTAINERD_SOCKET}"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "{PAUSE_IMAGE}"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["{CNI_PLUGINS}"]
  conf_dir = "{CONFIG / 'cni'}"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  BinaryName = "{host.find('runc')}"
  SystemdCgroup = false
"""


def _cni() -> dict[str, Any]:
    # ptp, not bridge: what one Pod sends to another then always passes the node's iptables,
    # also on a kernel without br_netfilter.
    return {
        "cniVersion": "1.0.0",
        "name": "pods",
        "plugins": [
            {
                "type": "ptp",
                "ipam": {
                    "type": "host-local",
                    "dataDir": str(STATE / "cni"),
                    "ranges": [[{"subnet": str(ADDRESSES.pods)}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def _kubelet(gates: FeatureGates) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": ADDRESSES.node,
        "tlsCertFile": str(PKI / "kubelet-server.crt"),
        "tlsPrivateKeyFile": str(PKI / "kubelet-server.key"),
        "authentication": {"anonymous": {"enabled": False}, "x509": {"clientCAFile": str(PKI / "ca.crt")}},
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "podLogsDir": str(LOG / "pods"),
        "volumePluginDir": str(STATE / "volume-plugins"),
        "clusterDNS": [ADDRESSES.dns],
        "clusterDomain": "cluster.local",
        "resolvConf": "",
        "failSwapOn": False,
        "failCgroupV1": False,
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": False,
        "enforceNodeAllocatable": [],
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "nodefs.inodesFree": "1%"},
        # Images come by load-image only: one that was collected would not come back.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "serializeImagePulls": False,
        "shutdownGracePeriod": "0s",
        "featureGates": gates.of("kubelet"),
    }


def _kube_proxy(gates: FeatureGates) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "hostnameOverride": NODE_NAME,
        "clusterCIDR": str(ADDRESSES.pods),
        "clientConnection": {"kubeconfig": str(pki.kubeconfig_of("kube-proxy"))},
        # 0: leave the machine's own connection tracking limits alone.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "featureGates": gates.of("kube-proxy"),
    }
