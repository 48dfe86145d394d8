"""One-time codes in a SQL database, one statement for each method."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Executable, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from flask_watchword.accounts.one_time_codes import OneTimeCode
from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.batches import batch
from flask_watchword.infra.sql.transactions import EngineOrConnection, database_at

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


_live = (
    _codes.digest == bindparam("this_digest"),
    _codes.purpose == bindparam("this_purpose"),
    _codes.expires_at > bindparam("now"),
)

_FIND = select(*_CODE).where(*_live)

_TAKE = delete(tables.codes).where(*_live).returning(*_CODE)

_FORGET = delete(tables.codes).where(_codes.subject == bindparam("of_subject"))

# What somebody else is removing at the moment is left to them.
_PURGE = delete(tables.codes).where(
    _codes.digest.in_(
        batch(
            select(_codes.digest)
            .where(_codes.expires_at <= bindparam("now"))
            .order_by(_codes.expires_at)
            .limit(bindparam("most"))
        )
    )
)


# Both databases have an upsert, and SQL has none.
def _upsert(dialect: Any, where: ColumnElement[bool] | None = None) -> Any:
    statement = dialect.insert(tables.codes)
    key = ("subject", "purpose")
    new = {c.name: statement.excluded[c.name] for c in _CODE if c.name not in key}
    return statement.on_conflict_do_update(index_elements=key, set_=new, where=where)


def _upsert_over(dialect: Any) -> Any:
    return _upsert(dialect, _codes.expires_at <= bindparam("now")).returning(_codes.digest)


_PUT = {"sqlite": _upsert(sqlite), "postgresql": _upsert(postgresql)}
_PUT_FIRST = {"sqlite": _upsert_over(sqlite), "postgresql": _upsert_over(postgresql)}


class SqlCodeStore:
    """A code store over a database whose schema is in place.

    Atomicity is the database's: one DELETE finds and removes a code, and one upsert replaces it.

    Args:
        place: an engine, or the connection of a transaction to take part in.
    """

    def __init__(self, place: EngineOrConnection) -> None:
        self._dialect = place.dialect.name
        self._database = database_at(place)

    def put(self, code: OneTimeCode) -> None:
        """Keep a code in the place of the one that this subject had for this purpose."""
        self._database.count(_PUT[self._dialect], _values(code))

    def put_first(self, code: OneTimeCode, now: float) -> bool:
        """Keep a code unless this subject has one for this purpose that is not over."""
        return bool(self._database.rows(_PUT_FIRST[self._dialect], _values(code) | {"now": now}))

    def find(self, digest: str, purpose: str, now: float) -> OneTimeCode | None:
        """Return a code of this purpose that is not over; it stays."""
        return self._one(_FIND, digest, purpose, now)

    def take(self, digest: str, purpose: str, now: float) -> OneTimeCode | None:
        """Remove a code of this purpose that is not over, and return it."""
        return self._one(_TAKE, digest, purpose, now)

    def forget(self, subject: str) -> None:
        """Remove every code of a subject."""
        self._database.count(_FORGET, {"of_subject": subject})

    def purge(self, now: float, limit: int) -> int:
        """Remove up to ``limit`` codes that are over; return how many."""
        return self._database.count(_PURGE, {"now": now, "most": limit})

    def _one(
        self, statement: Executable, digest: str, purpose: str, now: float
    ) -> OneTimeCode | None:
        values = {"this_digest": digest, "this_purpose": purpose, "now": now}
        for row in self._database.rows(statement, values):
            return _code(row)
        return None


def _values(code: OneTimeCode) -> dict[str, Any]:
    return {column.name: getattr(code, column.name) for column in _CODE}


def _code(row: Iterable[Any]) -> OneTimeCode:
    digest, purpose, *rest = row
    return OneTimeCode(digest, purpose, *rest)
