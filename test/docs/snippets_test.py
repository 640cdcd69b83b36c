"""Every fenced block of the pages holds: what can be run without a cluster is run, the rest is checked as far as it goes.
Usage: snippets_test.py PODMEDIC PROMTOOL

A block that cannot be run says why in a comment before it, `<!-- not run: why -->`. A block that begins with `# NAME.yaml` is that file
for the commands of its page; deploy.yaml and with-podmedic.yaml are those of docs/quick-start.md on every page."""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import yaml
from pages import DOCS, ROOT, Block, blocks, pages, prose

sys.path.insert(0, str(DOCS))
from commands import commands, options  # noqa: E402

PODMEDIC, PROMTOOL = "", ""
LANGUAGES = {"sh", "yaml", "json", "promql", "mermaid", "text"}
ALL = [block for page in pages() for block in blocks(page)]


def podmedic(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([PODMEDIC, *arguments], input=given, capture_output=True, text=True, timeout=60)


@functools.cache
def known_options() -> dict[str, set[str]]:
    return {name: {o for typed, _ in options(PODMEDIC, name) for o in typed.split()[0].split(",")} | {"-h", "--help"}
            for name in commands(PODMEDIC)}


def unknown_in(command: str) -> list[str]:
    """What a line with `podmedic …` in it names and the program has not."""
    wrong = []
    called = r"(?:^|[|;(]|-- )\s*(?:/|kubectl[ -])?podmedic +((?:'[^']*'|\"[^\"]*\"|[^|<>#&;()\n])*)"
    for arguments in re.findall(called, command, re.MULTILINE):
        words = shlex.split(arguments.replace("…", "")) or [""]
        if words[0].startswith("-"):
            wrong += [] if words[0] in ("--help", "--version") else [words[0]]
        elif words[0] not in known_options():
            wrong.append(f"podmedic {words[0]}")
        else:
            given = [w.partition("=")[0] for w in words[1:] if re.match(r"-{1,2}[a-z]", w)]
            wrong += [f"podmedic {words[0]} {option}" for option in given if option not in known_options()[words[0]]]
    return wrong


def with_annotations(annotations: dict[str, object]) -> str:
    """A Pod that has them and podmedic."""
    containers = [{"name": name, "image": "registry.example/server@sha256:" + "0" * 64} for name in ("engine", "other")]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod", "annotations": annotations}, "spec": {"containers": containers}}
    return podmedic("inject", given=json.dumps(pod)).stdout


class Snippets(unittest.TestCase):
    def of(self, language: str) -> list[Block]:
        return [block for block in ALL if block.language == language]

    def test_each_has_a_language_that_is_checked_here(self) -> None:
        for block in ALL:
            self.assertIn(block.language, LANGUAGES, block.place)

    def test_shell_commands_end_well(self) -> None:
        run = 0
        for page in pages():
            with tempfile.TemporaryDirectory() as scratch:
                self.furnish(Path(scratch), page)
                for block in blocks(page):
                    if block.language != "sh" or block.not_run:
                        continue
                    run += 1
                    with self.subTest(block.place):
                        environment = os.environ | {"PATH": f"{scratch}/bin:{os.environ['PATH']}"}
                        done = subprocess.run(["bash", "-euo", "pipefail", "-c", block.text], cwd=scratch, env=environment,
                                              capture_output=True, text=True, timeout=600)
                        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertGreater(run, 4)

    def furnish(self, scratch: Path, page: Path) -> None:
        for name in ("deploy", "examples", "docs"):
            (scratch / name).symlink_to(ROOT / name)
        (scratch / "bin").mkdir()
        (scratch / "bin" / "podmedic").symlink_to(Path(PODMEDIC).resolve())
        for block in [*blocks(DOCS / "quick-start.md"), *blocks(page)]:
            if block.file:
                (scratch / block.file).write_text(block.text)
        injected = podmedic("inject", "-f", str(scratch / "deploy.yaml"))
        self.assertEqual(injected.returncode, 0, injected.stderr)
        (scratch / "with-podmedic.yaml").write_text(injected.stdout)

    def test_commands_that_are_not_run_are_shell_and_name_only_what_there_is(self) -> None:
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        for block in self.of("sh"):
            with self.subTest(block.place):
                parsed = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True)
                self.assertEqual((parsed.returncode, parsed.stderr), (0, ""))
                self.assertEqual(unknown_in(block.text), [])
                self.assertLessEqual(set(re.findall(r"(?:^|\s)make ([a-z-]+)", block.text)), targets)
                for file in re.findall(r"(?:^|[\s=])((?:deploy|examples|docs|test|base)/[\w./-]+)", block.text):
                    self.assertTrue((ROOT / file).exists(), file)

    def test_commands_within_the_text_name_only_what_there_is(self) -> None:
        for page in pages():
            for quoted in re.findall(r"`([^`\n]+)`", prose(page)):
                with self.subTest(page=page.name, quoted=quoted):
                    self.assertEqual(unknown_in(re.sub("COMMAND|…$", "status", quoted)), [])

    def test_annotations_are_without_a_mistake_and_whole_manifests_sound(self) -> None:
        for block in self.of("yaml"):
            with self.subTest(block.place):
                for document in yaml.safe_load_all(block.text):
                    self.check(block, document)

    def check(self, block: Block, document: dict) -> None:
        fragment = document.get("metadata", document).get("annotations", document)
        if "kind" in document and "apiVersion" in document:
            if '"podmedic.io' not in json.dumps(document):
                return
            given = podmedic("inject", given=block.text).stdout
            checked = podmedic("validate", "--strict", "-f", "-", given=given)
            self.assertEqual(checked.returncode, 0, checked.stdout)
        elif any("podmedic.io/" in name for name in fragment):
            checked = podmedic("validate", "--output", "json", "-f", "-", given=with_annotations(fragment))
            report = json.loads(checked.stdout)
            self.assertEqual(report["pods"], 1)
            self.assertEqual([f for f in report["findings"] if f["check"] in ("Annotation", "AnnotationNotText", "Yaml")], [])
        else:
            self.assertTrue(block.not_run, "neither annotations nor a manifest: say why it cannot be checked")

    def test_json_is_json(self) -> None:
        for block in self.of("json"):
            with self.subTest(block.place):
                json.loads(block.text)

    def test_queries_are_understood_by_prometheus(self) -> None:
        metrics = set(re.findall(r"^\| `(podmedic_\w+)`", (DOCS / "metrics.md").read_text(), re.MULTILINE))
        for block in self.of("promql"):
            queries = [line for line in block.text.splitlines() if line and not line.startswith("#")]
            rules = {"groups": [{"name": "docs", "rules": [{"record": f"q{i}", "expr": q} for i, q in enumerate(queries)]}]}
            with self.subTest(block.place), tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                json.dump(rules, file)
                file.flush()
                done = subprocess.run([PROMTOOL, "check", "rules", file.name], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertLessEqual(set(re.findall(r"podmedic_\w+", block.text)), metrics)


if __name__ == "__main__":
    PODMEDIC, PROMTOOL = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main()
