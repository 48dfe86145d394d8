"""Links point to existing files and headings, and named files and functions exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ARCHITECTURE, PAGES, ROOT, anchors, prose, text_of

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FILE = re.compile(r"`((?:[\w.-]+/)*(?:[\w-]+\.(?:py|md|svg)|[\w-]+/))`")
# A file with names in it: `jose/jwt.py` (`Decoder`).
_NAMES = re.compile(r"`([\w./-]+\.py)` \(((?:`[\w.]+`(?:, )?)+)\)")


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for target in _LINK.findall(prose(page)):
            if not target.startswith("https://"):
                yield page, target


def named(case: object) -> str:
    return case.name if isinstance(case, Path) else str(case)


@pytest.mark.parametrize(("page", "target"), sorted(set(links())), ids=named)
def test_relative_link_leads_to_an_existing_file_and_heading(page: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    leads_to = (page.parent / path).resolve() if path else page
    assert leads_to.is_relative_to(ROOT)
    assert leads_to.exists()
    assert not anchor or anchor in anchors(leads_to)


@pytest.mark.parametrize("name", sorted(set(_FILE.findall(prose(ARCHITECTURE)))))
def test_file_named_by_the_architecture_exists(name: str) -> None:
    assert (ROOT / "src" / "flask_watchword" / name).exists() or (ROOT / name).exists()


def names_in_files() -> set[tuple[str, str]]:
    found = _NAMES.findall(prose(ARCHITECTURE))
    return {(file, name) for file, names in found for name in re.findall(r"[\w.]+", names)}


@pytest.mark.parametrize(("file", "name"), sorted(names_in_files()))
def test_name_that_the_architecture_locates_in_a_file_is_defined_there(
    file: str, name: str
) -> None:
    source = text_of(ROOT / "src" / "flask_watchword" / file)
    for part in name.split("."):
        assert re.search(rf"^ *(def|class) {part}\b|^{part}\b.* = ", source, re.MULTILINE)
