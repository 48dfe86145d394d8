"""One-time codes in a SQL database, one statement for each method."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from flask_watchword.accounts.codes import Code, Purpose
from flask_watchword.stores.sql import tables
from flask_watchword.stores.sql.batches import batch
from flask_watchword.stores.sql.joining import Place, state

_codes = tables.codes.c
# Named one by one: the order is that of `Code`, whatever order the table has.
_CODE = (
    _codes.digest,
    _codes.purpose,
    _codes.subject,
    _codes.version,
    _codes.address,
    _codes.expires_at,
)


class SqlCodeStore:
    """A code store over a database whose schema is in place.

    Atomicity is the database's: one DELETE finds and removes a code, and one upsert replaces it.

    Args:
        place: an engine, or the connection of a transaction to take part in.
    """

    def __init__(self, place: Place) -> None:
        self._place = place

    def put(self, code: Code) -> None:
        """Keep a code in the place of the one that this subject had for this purpose."""
        statement = _upsert(self._place.dialect.name)
        state(self._place, lambda connection: connection.execute(statement, _values(code)))

    def put_first(self, code: Code, now: float) -> bool:
        """Keep a code unless this subject has one for this purpose that is not over."""
        over = _codes.expires_at <= now
        statement = _upsert(self._place.dialect.name, over).returning(_codes.digest)
        values = _values(code)
        kept = state(self._place, lambda connection: connection.execute(statement, values).first())
        return kept is not None

    def find(self, digest: str, purpose: Purpose, now: float) -> Code | None:
        """Return a code of this purpose that is not over; it stays."""
        return self._one(select(*_CODE).where(*_live(digest, purpose, now)))

    def take(self, digest: str, purpose: Purpose, now: float) -> Code | None:
        """Remove a code of this purpose that is not over, and return it."""
        live = _live(digest, purpose, now)
        return self._one(delete(tables.codes).where(*live).returning(*_CODE))

    def forget(self, subject: str) -> None:
        """Remove every code of a subject."""
        statement = delete(tables.codes).where(_codes.subject == subject)
        state(self._place, lambda connection: connection.execute(statement))

    def purge(self, now: float, limit: int) -> int:
        """Remove up to ``limit`` codes that are over; return how many."""
        over = (
            select(_codes.digest)
            .where(_codes.expires_at <= now)
            .order_by(_codes.expires_at)
            .limit(limit)
        )
        # What somebody else is removing at the moment is left to them.
        statement = delete(tables.codes).where(_codes.digest.in_(batch(over)))
        return state(self._place, lambda connection: connection.execute(statement).rowcount)

    def _one(self, statement: Any) -> Code | None:
        row = state(self._place, lambda connection: connection.execute(statement).first())
        return None if row is None else _code(row)


# Both databases have an upsert, and SQL has none.
_DIALECTS: Mapping[str, Any] = {"sqlite": sqlite, "postgresql": postgresql}


def _upsert(dialect: str, where: ColumnElement[bool] | None = None) -> Any:
    statement = _DIALECTS[dialect].insert(tables.codes)
    key = ("subject", "purpose")
    new = {c.name: statement.excluded[c.name] for c in _CODE if c.name not in key}
    return statement.on_conflict_do_update(index_elements=key, set_=new, where=where)


def _values(code: Code) -> dict[str, Any]:
    return {column.name: getattr(code, column.name) for column in _CODE}


def _live(digest: str, purpose: Purpose, now: float) -> tuple[ColumnElement[bool], ...]:
    return (_codes.digest == digest, _codes.purpose == purpose.value, _codes.expires_at > now)


def _code(row: Iterable[Any]) -> Code:
    digest, purpose, *rest = row
    return Code(digest, Purpose(purpose), *rest)
