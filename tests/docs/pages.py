"""The pages of the documentation, and functions that read their content."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
DOCS = ROOT / "docs"
ARCHITECTURE = DOCS / "architecture.md"
PAGES = [
    README,
    ROOT / "CHANGELOG.md",
    CONTRIBUTING,
    ROOT / "SECURITY.md",
    ROOT / "deploy" / "README.md",
    *sorted(DOCS.rglob("*.md")),
]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of one language."""
    return [code for found, code in _BLOCK.findall(text_of(page)) if found == language]


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return _BLOCK.sub("", text_of(page))


def anchors(page: Path) -> set[str]:
    """Return the anchors of the page's headings."""
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(prose(page)))
    return {heading.strip().replace(" ", "-") for heading in kept}


def between(text: str, name: str) -> str:
    """Return the text between the two comments of a name."""
    _, _, rest = text.partition(f"<!-- {name}:begin -->\n")
    found, end, _ = rest.partition(f"<!-- {name}:end -->")
    assert end, f"no {name} in this page"
    return found


def table_rows(text: str) -> list[list[str]]:
    """Return the rows of every table in a text, without header rows."""
    rows: list[list[str]] = []
    in_body = False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            in_body = False
        elif set(line) <= set("|-: "):
            in_body = True
        elif in_body:
            rows.append(cells)
    return rows
