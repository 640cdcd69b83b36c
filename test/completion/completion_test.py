"""`podmedic completion`: what a real bash, fish and zsh offer. Usage: completion_test.py PODMEDIC"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import unittest
from pathlib import Path

PODMEDIC = ""

# Of the function that the script defines, as zsh's completion system calls it; what it would show is printed.
ZSH = """
compdef() { print -r -- "compdef $*" >&2 }
_describe() { local word; for word in "${(@P)2}"; do print -r -- "$word"; done }
_files() { print -r -- FILES }
source <(podmedic completion zsh)
words=(podmedic "$@")
CURRENT=${#words}
_podmedic
"""
BASH = """
source <(podmedic completion bash)
complete -p podmedic >&2
COMP_WORDS=(podmedic "$@")
COMP_CWORD=$#
_podmedic
(( ${#COMPREPLY[@]} )) && printf '%s\\n' "${COMPREPLY[@]}"
true
"""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{Path(PODMEDIC).parent}:{os.environ['PATH']}", "HOME": "/nonexistent", "TERM": "dumb"}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60)


def bash(*words: str) -> set[str]:
    done = run("bash", "--norc", "-c", BASH, "bash", *words)
    assert done.stderr.strip() == "complete -o default -F _podmedic podmedic", done.stderr
    return set(done.stdout.split("\n")) - {""}


def zsh(*words: str) -> set[str]:
    """All words of that place, whatever they begin with: zsh itself chooses among them."""
    done = run("zsh", "-f", "-c", ZSH, "zsh", *words)
    assert done.stderr.strip() == "compdef _podmedic podmedic", done.stderr
    return {re.split(r"(?<!\\\\):", line)[0] for line in done.stdout.split("\n")} - {""}


def fish(*words: str) -> set[str]:
    line = shlex.join(["podmedic", *words[:-1]]) + " " + words[-1]
    done = run("fish", "--no-config", "-c", "podmedic completion fish | source; complete -C " + shlex.quote(line))
    return {line.split("\t")[0] for line in done.stdout.split("\n")} - {""}


def help_of(*command: str) -> tuple[set[str], set[str]]:
    """The commands and the options that --help names."""
    text = run("podmedic", *command, "--help").stdout
    commands = set(re.findall(r"^  ([a-z-]+)  ", text.partition("Subcommands:")[2], re.MULTILINE))
    options = {name for entry in re.findall(r"^  (-\S+)", text, re.MULTILINE) for name in entry.split(",")}
    return commands, options


class Completion(unittest.TestCase):
    def test_every_command_is_offered(self) -> None:
        commands, _ = help_of()
        self.assertGreater(len(commands), 10)
        for shell in (bash, zsh):
            self.assertEqual(shell(""), commands, shell.__name__)
        self.assertLessEqual(commands, fish(""))

    def test_every_option_of_every_command_is_offered(self) -> None:
        for command in help_of()[0]:
            _, options = help_of(command)
            self.assertIn("--help", options)
            self.assertEqual(bash(command, "-"), options, command)
        self.assertEqual(zsh("inject", "--"), help_of("inject")[1])
        self.assertIn("--uninject", fish("inject", "--un"))

    def test_what_was_begun_is_finished(self) -> None:
        self.assertEqual(bash("sta"), {"status", "stand-down"})
        self.assertEqual(bash("inject", "--u"), {"--uninject"})
        self.assertIn("validate", fish("val"))

    def test_the_words_that_an_option_takes_are_offered(self) -> None:
        for shell in (bash, zsh):
            self.assertEqual(shell("validate", "-f", "pod.yaml", "-o", ""), {"text", "json"}, shell.__name__)
        self.assertEqual(bash("validate", "--output", "=", "j"), {"json"}, "as bash splits --output=j")
        self.assertEqual(bash("run", "--log-level", ""), {"debug", "info", "warning", "error"})
        self.assertEqual(bash("check", ""), {"readiness", "startup", "liveness"})
        self.assertEqual(bash("completion", ""), {"bash", "fish", "zsh"})
        self.assertLessEqual({"text", "json"}, fish("validate", "-o", ""))

    def test_elsewhere_the_shell_offers_files(self) -> None:
        self.assertEqual(bash("validate", "-f", ""), set(), "bash's own completion follows")
        self.assertEqual(zsh("validate", "-f", ""), {"FILES"})
        self.assertEqual(bash("restart", "--reason", "status", "--container", ""), set(), "a value is no command")

    def test_descriptions_come_along_for_the_shells_that_show_them(self) -> None:
        done = run("zsh", "-f", "-c", ZSH, "zsh", "")
        self.assertRegex(done.stdout, r"(?m)^validate:All that is wrong with the Pods in manifests\. Exit code 0\\: sound")


if __name__ == "__main__":
    PODMEDIC = sys.argv.pop(1)
    unittest.main()
