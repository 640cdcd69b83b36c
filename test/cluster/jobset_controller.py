"""JobSet on the test cluster: its definition, and its controller as a process of the host with the administrator's rights.

Its webhooks are not installed: the API server would have to reach the host for them. What they would set by default is `DEFAULTS`.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pki
from kube import Kube, wait_for
from layout import KUBECONFIG, LOG
from programs import JOBSET, build_missing

DEFAULTS = {
    "successPolicy": {"operator": "All"},
    "startupPolicy": {"startupPolicyOrder": "AnyOrder"},
    "network": {"enableDNSHostnames": True, "publishNotReadyAddresses": True},
}
_NAME = "jobsets.jobset.x-k8s.io"


@contextmanager
def jobset_controller(kube: Kube) -> Iterator[None]:
    build_missing([JOBSET])
    kube.apply(_definition().read_text())
    wait_for(lambda: kube.items("jobset"), lambda found: found == [], "the kind JobSet to be known")
    with TemporaryDirectory() as directory:
        place = Path(directory)
        pki.certificate("tls", "/CN=localhost", "subjectAltName=DNS:localhost", issuer=None, directory=place)
        (place / "config.yaml").write_text(_configuration(place))
        no_ports = ["--health-probe-bind-address", "0", "--metrics-bind-address", "0"]
        command = [str(JOBSET.binary), "--config", str(place / "config.yaml"), *no_ports]
        with (LOG / "jobset-controller.log").open("wb") as log:
            controller = subprocess.Popen(command, env={**os.environ, "KUBECONFIG": str(KUBECONFIG)}, stdout=log, stderr=log)
        try:
            yield
        finally:
            controller.kill()
            controller.wait()
            kube.delete("customresourcedefinition", _NAME)


def _definition() -> Path:
    where = ["go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/jobset"]
    directory = subprocess.run(where, cwd=JOBSET.directory, capture_output=True, text=True, check=True).stdout.strip()
    return Path(directory) / "config" / "components" / "crd" / "bases" / "jobset.x-k8s.io_jobsets.yaml"


def _configuration(certificates: Path) -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return f"""
apiVersion: config.jobset.x-k8s.io/v1alpha1
kind: Configuration
leaderElection: {{leaderElect: false}}
internalCertManagement: {{enable: false}}
webhook: {{host: 127.0.0.1, port: {port}, certDir: {certificates}}}
"""
