"""A bounded number of rows to change: found once, and not again for each row that is changed."""

from typing import Any

from sqlalchemy import Select, select


def batch(rows: Select[tuple[Any]]) -> Select[tuple[Any]]:
    """Return what selects these keys, each row locked and none that somebody else has locked.

    As a subquery PostgreSQL may look for them anew for each row that it finds; what was locked
    before then counts as taken, so it finds others, and the statement changes more than its limit
    says. A common table expression that locks rows is evaluated once (SELECT, section WITH).

    Args:
        rows: selects a key, with an order and a limit. With SQLite, which has one writer, nothing
            is locked.
    """
    # Within the statement: in front of it sqlite3 would not tell how many rows were changed.
    found = rows.with_for_update(skip_locked=True).cte("batch", nesting=True)
    return select(*found.c)
