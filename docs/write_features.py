"""Write docs/reference/features.md from the features: `python -m docs.write_features`."""

from collections.abc import Iterator
from pathlib import Path

from flask_watchword.service.features.table import FEATURES

PAGE = Path(__file__).parent / "reference" / "features.md"

_INTRODUCTION = """\
# Features of the service

The login service consists of features. Each adds endpoints, audit events and e-mails. The setting
`WATCHWORD_DISABLED_FEATURES` leaves some out, see [Add or leave out features](../service/features.md).

This page is written by `docs/write_features.py`.

| feature | what it does | requires | endpoints |
| --- | --- | --- | --- |
"""


def page() -> str:
    """Return the page."""
    return _INTRODUCTION + "".join(_rows())


def _rows() -> Iterator[str]:
    for feature in FEATURES:
        requires = ", ".join(f"`{name}`" for name in feature.requires)
        endpoints = ", ".join(f"`{each.method} {each.path}`" for each in feature.endpoints)
        summary = feature.summary.rstrip(".")
        yield f"| `{feature.name}` | {summary} | {requires} | {endpoints} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
