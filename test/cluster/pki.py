"""Keys, certificates and kubeconfigs of the cluster: new at every start, good for this machine only."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

from layout import ADDRESSES, CONFIG, KUBECONFIG, NODE_NAME, PKI
from progress import ClusterError

ADMIN = "admin"
CA_CONSTRAINT = "basicConstraints=critical,CA:TRUE"
KUBELET_CLIENT = "apiserver-kubelet-client"

# File name -> the subject: Kubernetes reads the user from CN and the group from O.
CLIENTS = {
    ADMIN: "/O=system:masters/CN=admin",
    KUBELET_CLIENT: "/O=system:masters/CN=kube-apiserver-kubelet-client",
    "kube-controller-manager": "/CN=system:kube-controller-manager",
    "kube-scheduler": "/CN=system:kube-scheduler",
    "kube-proxy": "/CN=system:kube-proxy",
    "kubelet": f"/O=system:nodes/CN=system:node:{NODE_NAME}",
}
SERVERS = {
    "apiserver": f"IP:{ADDRESSES.node},IP:{ADDRESSES.kubernetes},IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc",
    "kubelet-server": f"IP:{ADDRESSES.node},DNS:{NODE_NAME}",
}


def create() -> None:
    """Writes PKI/*.crt and *.key, the key pair of the ServiceAccounts' tokens, and a kubeconfig for each client."""
    PKI.mkdir(parents=True, exist_ok=True)
    PKI.chmod(0o700)
    certificate("ca", "/CN=podmedic-test-cluster", CA_CONSTRAINT, issuer=None)
    for name, subject in CLIENTS.items():
        certificate(name, subject, "extendedKeyUsage=clientAuth")
    for name, alternatives in SERVERS.items():
        certificate(name, f"/CN={name}", "extendedKeyUsage=serverAuth", f"subjectAltName={alternatives}")
    key, public = PKI / "service-account.key", PKI / "service-account.pub"
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key))
    _openssl("ec", "-in", str(key), "-pubout", "-out", str(public))
    for name in CLIENTS:
        if name != KUBELET_CLIENT:
            write_kubeconfig(kubeconfig_of(name), name)


def kubeconfig_of(client: str) -> Path:
    return KUBECONFIG if client == ADMIN else CONFIG / f"{client}.kubeconfig"


def write_kubeconfig(path: Path, client: str) -> None:
    """The admin's default namespace is `default`, as kubectl's."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "test", "cluster": {"server": ADDRESSES.api_url, "certificate-authority": str(PKI / "ca.crt")}}
        ],
        "users": [
            {
                "name": client,
                "user": {
                    "client-certificate": str(PKI / f"{client}.crt"),
                    "client-key": str(PKI / f"{client}.key"),
                },
            }
        ],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": client}}],
        "current-context": "test",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    path.chmod(0o600)


def certificate(name: str, subject: str, *extensions: str, issuer: str | None = "ca", directory: Path = PKI) -> None:
    """Writes NAME.crt and NAME.key, new ones; `issuer` names the authority in the same directory, None is its own."""
    command = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"]
    command += ["-subj", subject, "-keyout", str(directory / f"{name}.key"), "-out", str(directory / f"{name}.crt")]
    if issuer is not None:
        command += ["-CA", str(directory / f"{issuer}.crt"), "-CAkey", str(directory / f"{issuer}.key")]
        command += ["-addext", "basicConstraints=critical,CA:FALSE"]
    for extension in extensions:
        command += ["-addext", extension]
    _openssl(*command)


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise ClusterError(f"openssl {' '.join(arguments)} failed: {done.stderr.strip()}")
