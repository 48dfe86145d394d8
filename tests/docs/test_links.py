"""Links point to existing files and headings, and named files exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ARCHITECTURE, PAGES, ROOT, anchors, prose

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FILE = re.compile(r"`((?:[\w.-]+/)*(?:[\w-]+\.(?:py|md|svg)|[\w-]+/))`")


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for target in _LINK.findall(prose(page)):
            if not target.startswith("https://"):
                yield page, target


def named(case: object) -> str:
    return case.name if isinstance(case, Path) else str(case)


@pytest.mark.parametrize(("page", "target"), sorted(set(links())), ids=named)
def test_relative_link_leads_to_a_file_and_a_heading_in_it(page: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    leads_to = (page.parent / path).resolve() if path else page
    assert leads_to.is_relative_to(ROOT)
    assert leads_to.exists()
    assert not anchor or anchor in anchors(leads_to)


@pytest.mark.parametrize("name", sorted(set(_FILE.findall(prose(ARCHITECTURE)))))
def test_file_that_the_architecture_names_exists(name: str) -> None:
    assert (ROOT / "src" / "flask_watchword" / name).exists() or (ROOT / name).exists()
