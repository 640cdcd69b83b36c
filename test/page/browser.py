"""A headless Chromium, driven by its DevTools protocol over two pipes."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 30


class Browser:
    """One page. `requests` and `complaints` are what it asked for, and what its console and its policy said."""

    def __init__(self) -> None:
        self._profile = tempfile.mkdtemp(prefix="podmedic-page-")
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        words = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe",
                 "--disable-background-networking", "--disable-component-update", "--no-first-run", "--hide-scrollbars",
                 f"--user-data-dir={self._profile}", "about:blank"]
        redirected = f'exec "$@" 3<&{to_browser} 4>&{from_browser} 2>/dev/null'  # where DevTools listens and talks
        self._process = subprocess.Popen(["bash", "-c", redirected, "bash", *words], pass_fds=(to_browser, from_browser))
        os.close(to_browser)
        os.close(from_browser)
        self._unread = b""
        self._number = 0
        self._session: str | None = None
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page = next(t for t in self._pages() if t["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._out)
        os.close(self._in)
        shutil.rmtree(self._profile, ignore_errors=True)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            pass
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def evaluate(self, expression: str) -> Any:
        """Its value in the page; a promise is awaited."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, f"{expression}: {done['exceptionDetails']}"
        return done["result"].get("value")

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete'")

    def wait_for(self, expression: str, holds: Callable[[Any], bool] = bool) -> Any:
        """Until the page's value of that holds; returns it."""
        last = time.monotonic() + PATIENCE_SECONDS
        while not holds(value := self.evaluate(expression)):
            assert time.monotonic() < last, f"{expression} stayed {value!r}; the page shows:\n{self.text()}"
            time.sleep(0.02)  # the page itself looks once a second
        return value

    def text(self, selector: str = "body") -> str:
        return self.evaluate(f"document.querySelector({selector!r})?.innerText ?? ''")

    def look(self, scheme: str, width: int) -> None:
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600)

    def screenshot(self, file: Path) -> None:
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def _pages(self) -> list[dict[str, Any]]:
        last = time.monotonic() + PATIENCE_SECONDS
        while not (found := [t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page"]):
            assert time.monotonic() < last, "Chromium opened no page"
        return found

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            readable, _, _ = select.select([self._in], [], [], PATIENCE_SECONDS)
            assert readable, "Chromium does not answer"
            more = os.read(self._in, 1 << 20)
            assert more, "Chromium ended; it needs Debian's package chromium"
            self._unread += more
        line, self._unread = self._unread.split(b"\0", 1)
        message = json.loads(line)
        given = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(given["request"]["url"])
            case "Log.entryAdded" if given["entry"]["level"] == "error":
                self.complaints.append(given["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.complaints.append(given["exceptionDetails"]["text"])
            case "Runtime.consoleAPICalled":
                self.complaints += [str(a.get("description", a.get("value"))) for a in given["args"]]
        return message
