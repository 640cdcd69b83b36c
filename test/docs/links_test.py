"""Every link within the repository leads somewhere, and docs/README.md leads to every page."""

from __future__ import annotations

import re
import unittest
from pathlib import Path

from pages import DOCS, ROOT, pages, prose


def links(page: Path) -> list[tuple[Path, str]]:
    """Files of this repository, and the heading in them."""
    found = re.findall(r"\]\(([^)\s]+)\)|<(?:img|source|a)\b[^>]*?(?:src|srcset|href)=\"([^\"]+)\"", prose(page))
    targets = [a or b for a, b in found]
    local = [t for t in targets if not re.match(r"[a-z]+:", t)]
    return [((page.parent / t.partition("#")[0]).resolve() if t.partition("#")[0] else page, t.partition("#")[2]) for t in local]


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Links(unittest.TestCase):
    def test_each_leads_to_a_file_and_a_heading_that_are_there(self) -> None:
        for page in pages():
            for target, heading in links(page):
                with self.subTest(page=page.name, target=str(target), heading=heading):
                    self.assertTrue(target.exists())
                    self.assertTrue(not heading or heading in anchors(target))

    def test_the_index_leads_to_every_page(self) -> None:
        index = {target for target, _ in links(DOCS / "README.md")}
        for page in DOCS.glob("**/*.md"):
            with self.subTest(page=page.name):
                self.assertTrue(page == DOCS / "README.md" or page in index or page.parent in index)

    def test_each_address_elsewhere_is_written_with_https(self) -> None:
        for page in pages():
            self.assertEqual(re.findall(r"\]\(http://[^)]*\)", prose(page)), [], page)


if __name__ == "__main__":
    unittest.main()
