"""Pages and pictures against the sources: every reason of an Event, every phase of the lifecycle and of the demo, and none besides."""

from __future__ import annotations

import re
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from pages import DOCS, ROOT, rows

SUPERVISOR = ROOT / "supervisor"
PLAY = ("simulation", "rehearsal", "manifest", "commands")  # they tell nobody in a Pod


def sources() -> list[Path]:
    return [f for f in sorted(SUPERVISOR.glob("**/*.[ch]pp")) if f.relative_to(SUPERVISOR).parts[0] not in PLAY]


def arguments(text: str, at: int) -> list[str]:
    """Those of a call, or of a braced list, whose bracket opens before `at`."""
    found, depth, begin = [], 0, at
    for token in re.finditer(r'"(?:\\.|[^"\\])*"|[(){}\[\],]', text[at:]):
        sign, here = token[0], at + token.start()
        if sign in "({[":
            depth += 1
        elif sign == "," and depth == 0:
            found.append(text[begin:here].strip())
            begin = here + 1
        elif sign in ")}]":
            if depth == 0:
                return [*found, text[begin:here].strip()]
            depth -= 1
    raise ValueError(f"a bracket that does not close: {text[at:at + 80]}")


def told_by(source: str) -> list[tuple[list[str], str]]:
    """Of each notice: the reasons that it may have, and the type of its Event, or `log` where there is none."""
    found = []
    for m in re.finditer(r"[({]\s*(?:policy::)?severity::(normal|warning)\s*,", source):
        given = arguments(source, m.start() + 1)
        published = not given[3:] or given[3] != "false"
        found.append((re.findall(r'"([A-Z]\w+)"', given[1]), m[1].capitalize() if published else "log"))
    return found


class EventsPage(unittest.TestCase):
    def test_each_notice_of_the_code_has_a_row_with_its_type_and_each_row_a_notice(self) -> None:
        told: dict[str, set[str]] = {}
        for file in sources():
            for reasons, kind in told_by(file.read_text()):
                self.assertTrue(reasons, f"{file}: a notice whose reason is not written where it is told")
                for reason in reasons:
                    told.setdefault(reason, set()).add(kind)
        self.assertGreater(len(told), 40)
        page = (DOCS / "events.md").read_text().split("\n## Why a restart waits\n")[0]
        described: dict[str, set[str]] = {}
        for row in rows(page):
            self.assertEqual(len(row), 4, row)
            self.assertNotIn(row[0].strip("`"), described, "it has a row already")
            self.assertTrue(row[2], row)
            described[row[0].strip("`")] = {row[1]}
        self.assertEqual(described, told)

    def test_each_reason_that_forbids_a_restart_is_explained_and_no_other(self) -> None:
        given = set()
        for file in sorted((SUPERVISOR / "policy").glob("*.[ch]pp")):
            text = file.read_text()
            given |= set(re.findall(r'refuse\(\{?"([A-Z]\w+)"|\{\s*\{"([A-Z]\w+)"|return diagnosis\{"([A-Z]\w+)"'
                                    r'|asking_for_turn = "([A-Z]\w+)"', text))
        reasons = {"".join(groups) for groups in given}
        self.assertGreater(len(reasons), 15)
        explained = [row[0].strip("`") for row in rows((DOCS / "events.md").read_text(), "## Why a restart waits")]
        fleet = (DOCS / "fleet.md").read_text().split("\n## ")[0]
        explained += [row[0].strip("`") for row in rows(fleet)]
        self.assertEqual(sorted(explained), sorted(reasons))


class ConceptsPage(unittest.TestCase):
    def test_its_picture_has_every_phase_of_the_lifecycle_and_no_other(self) -> None:
        code = (SUPERVISOR / "policy" / "medic.cpp").read_text()
        names = re.search(r"phase_names\{([^}]*)\}", code)
        assert names
        page = (DOCS / "concepts.md").read_text()
        picture = page.split("```mermaid\n")[1].split("```")[0]
        drawn = set(re.findall(r"\b([A-Z][a-z]+)(?: -->|:|$)", picture, re.MULTILINE))
        self.assertIn("(StandingDown)", page)
        self.assertEqual(drawn | {"StandingDown"}, set(re.findall(r'"(\w+)"', names[1])))


class DemoPicture(unittest.TestCase):
    def test_it_shows_every_phase_of_the_scenario_in_order_for_light_and_dark_screens(self) -> None:
        picture = (DOCS / "demo.svg").read_text()
        words = ["".join(text.itertext()) for text in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]
        titles = re.findall(r"title: ([^}\n]*)}", (ROOT / "examples" / "wedged-grpc" / "scenario.yaml").read_text().split("\nfiles:")[0])
        self.assertGreater(len(titles), 5)
        self.assertEqual([word for word in words if word in titles], titles)
        self.assertIn("ok", words)
        self.assertIn("prefers-color-scheme: dark", picture)
        self.assertLess(len(picture), 60_000)


if __name__ == "__main__":
    unittest.main()
