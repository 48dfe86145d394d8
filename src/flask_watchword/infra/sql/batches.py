"""Select a bounded number of rows to change, exactly once per statement."""

from typing import Any

from sqlalchemy import Select, select


def batch(rows: Select[tuple[Any]]) -> Select[tuple[Any]]:
    """Return a SELECT of these keys that locks the rows and skips rows locked by others.

    PostgreSQL may evaluate a subquery again for each row. It then skips the rows it has locked
    itself and selects others, so the statement changes more rows than its limit. A common table
    expression that locks rows is evaluated once (PostgreSQL, SELECT, section WITH).

    Args:
        rows: selects a key, with an order and a limit. SQLite, which has one writer, locks no
            rows.
    """
    # Nested in the statement: before it, sqlite3 would not return the number of changed rows.
    found = rows.with_for_update(skip_locked=True).cte("batch", nesting=True)
    return select(*found.c)
