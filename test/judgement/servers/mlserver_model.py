#!/usr/bin/python3
"""A model behind MLServer, the public inference server, as it is with one worker process: HTTP and /metrics are answered
by the parent, predict() runs in the worker. To be started by the python of an environment that has mlserver.

Once there is a file named `block`, the next predict() takes a lock that it holds already."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path

from mlserver import MLModel
from mlserver.cli.main import root as mlserver
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Doubles(MLModel):
    async def load(self) -> bool:
        self._lock = threading.Lock()
        threading.Thread(target=end_with_the_parent, daemon=True).start()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        with self._lock:
            if Path("block").exists():
                self._lock.acquire()
            time.sleep(self.settings.parameters.extra["seconds"])  # as one waits for an accelerator
        numbers = self.decode(payload.inputs[0], default_codec=NumpyCodec)
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("doubled", numbers * 2)])


def end_with_the_parent() -> None:
    """MLServer asks its workers to end, which one that is blocked does not hear."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.1, help="of a predict()")
    given = parser.parse_args()
    models = Path("models")
    models.mkdir()
    settings = {"host": "127.0.0.1", "http_port": 8080, "metrics_port": 8082, "parallel_workers": 1, "debug": False}
    model = {"name": "doubles", "implementation": "mlserver_model.Doubles", "parameters": {"extra": {"seconds": given.seconds}}}
    (models / "settings.json").write_text(json.dumps(settings))
    (models / "model-settings.json").write_text(json.dumps(model))
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)  # for the worker
    mlserver(["start", str(models)])


if __name__ == "__main__":
    main()
