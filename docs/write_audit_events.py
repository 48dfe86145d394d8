"""Write docs/reference/audit-events.md from the features: `python -m docs.write_audit_events`."""

from collections.abc import Iterator
from pathlib import Path

from flask_watchword.service.features.table import FEATURES

PAGE = Path(__file__).parent / "reference" / "audit-events.md"

_INTRODUCTION = """\
# Audit events

What the service records in its [audit log](../service/administration.md#the-audit-log). `GET /admin/audit` and
`watchword audit tail` show the events. If an admin or a command changes another user's account, `detail` contains
`actor`: the admin's id, or `command line`. Other members of `detail` are named below.

A refresh writes no event, and neither does an access token for a program: both happen every few minutes, and the
session and the API key store the time of their last use.

This page is written by `docs/write_audit_events.py`.

<!-- events:begin -->
| event | written when | feature |
| --- | --- | --- |
"""

_END = """\
<!-- events:end -->
"""


def page() -> str:
    """Return the page."""
    return "".join([_INTRODUCTION, *_rows(), _END])


def _rows() -> Iterator[str]:
    for feature in FEATURES:
        for event, meaning in feature.audit_events.items():
            yield f"| `{event}` | {meaning} | [`{feature.name}`](features.md) |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
