"""The page at / in a headless Chromium, with a real podmedic behind it. Screenshots go to build/page."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser
from pod import ROOT, Pod

BUILD = ROOT / "build" / "release"
SHOTS = ROOT / "build" / "page"
EVIL = "<img src=http://192.0.2.1/x onerror=document.title='owned'><script>document.title='owned'</script>"
ANNOTATIONS = {
    "podmedic.io/mode": "Enforce",
    "probe.podmedic.io/engine": "{grpc: {port: {grpc}}, container: engine, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 2}",
    "probe.podmedic.io/front": '{http: {port: {http}, path: /metrics}, container: engine, periodSeconds: 1}',
    "probe.podmedic.io/hostile": f"""{{exec: {{command: [/bin/sh, -c, "echo \\"{EVIL}\\"; exit 1"]}}, onFailure: Observe, periodSeconds: 1}}""",
    "probe.podmedic.io/lost": "{tcpSocket: {host: no-such-host.invalid, port: 1}, onFailure: Observe, periodSeconds: 1}",
    "podmedic.io/policy": "{backoff: {baseSeconds: 1, capSeconds: 5}, budget: {restarts: 2, windowSeconds: 600}, "
                          "warmUp: {maxSeconds: 1, learn: false}, drain: {timeoutSeconds: 2, settleSeconds: 1}, success: {stableSeconds: 1}}",
}
PHASE = "document.getElementById('phase').textContent"


@pytest.fixture
def pod() -> Iterator[Pod]:
    with Pod(ANNOTATIONS, BUILD) as running:
        yield running


@pytest.fixture
def page(pod: Pod) -> Iterator[Browser]:
    with Browser() as browser:
        browser.look("light", 1000)
        browser.open(pod.url)
        browser.wait_for("document.querySelectorAll('.probe').length", lambda count: count == 4)
        browser.wait_for(PHASE, lambda phase: phase == "Watching")
        yield browser


def probe(name: str) -> str:
    return f"[...document.querySelectorAll('.probe')].find(p => p.querySelector('strong').textContent === '{name}')"


def test_what_status_says_is_on_the_page_and_nothing_else_is_asked_for(pod: Pod, page: Browser) -> None:
    page.wait_for(f"{probe('engine')}.querySelectorAll('.pass').length >= 3")
    page.wait_for(f"{probe('hostile')}.querySelectorAll('.fail').length >= 6")  # a bar and its foot each
    page.wait_for(f"{probe('lost')}.querySelectorAll('.unknown').length >= 3")
    assert re.search(r"passes", page.evaluate(f"{probe('engine')}.innerText"))
    assert re.search(r"fails ×\d", page.evaluate(f"{probe('hostile')}.innerText")), "not by colour alone"
    assert re.search(r"unknown", page.evaluate(f"{probe('lost')}.innerText"))
    said = page.evaluate(f"{probe('engine')}.querySelector('svg').ariaLabel")
    assert re.fullmatch(r"last \d+ checks: \d+ passed, 0 failed, 0 unknown", said)
    facts = page.text("#facts")
    assert "Enforce" in facts and "0 of 2 ○○" in facts and "Restarts in 10 min" in facts
    assert "None on record" in page.text("#restarts")
    assert "Nothing: " in page.text("#why")
    assert pod.status()["version"] in page.text("footer")
    assert page.evaluate("document.title") == "Watching · engine-0"
    assert {url.split("?")[0] for url in page.requests} <= {pod.url, pod.url + "status"} | {u for u in page.requests if u.startswith("data:")}
    assert page.complaints == []


def test_hostile_answers_stay_text_and_the_policy_would_stop_them(pod: Pod, page: Browser) -> None:
    page.wait_for(f"{probe('hostile')}.innerText.includes('<img src=')")
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert page.evaluate("document.title").startswith("Watching")
    # Even what came to stand in the page could not run, load, or tell anyone.
    page.evaluate("""document.body.insertAdjacentHTML('beforeend', `<p style="color: red" onclick="document.title='owned'" id="evil">x</p>`),
                     document.getElementById('evil').click(), document.body.append(Object.assign(document.createElement('script'), {textContent: "document.title='owned'"}))""")
    assert "owned" not in page.evaluate("document.title")
    assert page.evaluate("fetch('http://192.0.2.1/').then(() => 'sent', () => 'stopped')") == "stopped"
    page.wait_for("1", lambda _: len(page.complaints) >= 4)
    assert all("Content Security Policy" in each for each in page.complaints), page.complaints
    with urllib.request.urlopen(pod.url, timeout=5) as answer:
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_follows_a_restart_says_that_podmedic_is_gone_and_then_what_it_took(pod: Pod, page: Browser) -> None:
    page.wait_for(f"{probe('engine')}.querySelectorAll('.pass').length >= 2")
    page.evaluate("""window.seen = [], new MutationObserver(() => seen.push(document.getElementById('phase').textContent))
                     .observe(document.getElementById('phase'), {childList: true})""")
    pod.wedge()
    pod.stop_all()
    page.wait_for(f"{PHASE} === 'No answer'")
    page.wait_for("document.body.innerText.includes('has not answered for 2 s')")
    assert "engine" in page.text("#probes"), "what it said last stays to be read"
    page.screenshot(SHOTS / "gone.png")
    pod.start()
    page.wait_for(f"{PHASE} === 'Watching'")
    restart = page.wait_for("document.querySelector('.restart')?.innerText", lambda text: "recovered after" in (text or ""))
    assert "all containers, recovered" in restart and "engine: " in restart
    record = pod.status()["restarts"][0]
    for label, name in {"noticed in": "detectionSeconds", "drained": "drainSeconds", "answered after": "firstPassSeconds"}.items():
        told = re.search(rf"{label} (\d+(?:\.\d+)?) (m?s)", restart)
        assert told, restart
        assert float(told[1]) * (0.001 if told[2] == "ms" else 1) == pytest.approx(record[name], abs=0.06, rel=0.1)
    widths = page.evaluate("[...document.querySelectorAll('.restart rect, .restart line')].map(part => part.getBBox().width)")
    lengths = [record["detectionSeconds"], record["waitedSeconds"], record["drainSeconds"], record["firstPassSeconds"],
               record["recoverySeconds"] - record["firstPassSeconds"]]
    assert [w / sum(widths) for w in widths] == pytest.approx([each / sum(lengths) for each in lengths], abs=0.02)
    assert {"Suspect", "Draining"} & set(page.evaluate("seen")), "phases between were shown"
    assert "1 of 2 ●○" in page.text("#facts")
    pod.ask_for_restart("new weights")
    pod.stop_all()
    pod.start()
    page.wait_for(f"document.querySelectorAll('.restart').length === 2 && {PHASE} === 'Watching'")
    assert re.search(r"asked for by podmedic restart, uid \d+.*new weights", page.evaluate("document.querySelector('.restart').innerText"))
    assert "2 of 2 ●●" in page.text("#facts")
    assert "BudgetSpent" in page.text("#why")
    pod.wedge()
    page.wait_for("document.getElementById('why-title').textContent === 'Why it waits'")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1000, 390])
def test_it_can_be_read_in_light_and_dark_and_at_a_phone_s_width(page: Browser, scheme: str, width: int) -> None:
    page.look(scheme, width)
    page.wait_for(f"{probe('hostile')}.querySelectorAll('.fail').length")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing is wider than the screen"
    boxes = page.evaluate("""[...document.querySelectorAll('.probe')].map(p => [...p.children].filter(c => c.textContent).map(c => c.getBoundingClientRect())
        .map(b => [b.left, b.top, b.right, b.bottom]))""")
    for of_probe in boxes:
        for i, a in enumerate(of_probe):
            for b in of_probe[:i]:
                assert a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3], "no text lies over another"
    page.screenshot(SHOTS / f"{scheme}-{width}.png")
    # WCAG 2.2, 1.4.3: the contrast of every text with the page.
    contrasts = page.evaluate("""(() => {
      const light = colour => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map(part => part / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b;
      };
      const paper = light(getComputedStyle(document.body).backgroundColor);
      return [...document.querySelectorAll('body *')].filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.offsetParent)
        .map(e => [e.textContent, light(getComputedStyle(e).color)])
        .map(([text, ink]) => [text, (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05)]);
    })()""")
    assert len(contrasts) > 20
    assert [pair for pair in contrasts if pair[1] < 4.5] == []
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every(part => part < 60)")
    assert dark == (scheme == "dark")
