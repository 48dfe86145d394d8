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
# The columns in the order of the fields of `OneTimeCode`.
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

# Rows that another transaction is deleting are skipped.
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


# An upsert is not part of standard SQL; the two databases have the same one.
def _upsert(dialect: Any, where: ColumnElement[bool] | None = None) -> Any:
    statement = dialect.insert(tables.codes)
    key = ("subject", "purpose")
    new = {c.name: statement.excluded[c.name] for c in _CODE if c.name not in key}
    return statement.on_conflict_do_update(index_elements=key, set_=new, where=where)


def _upsert_expired(dialect: Any) -> Any:
    return _upsert(dialect, _codes.expires_at <= bindparam("now")).returning(_codes.digest)


_PUT = {"sqlite": _upsert(sqlite), "postgresql": _upsert(postgresql)}
_PUT_FIRST = {"sqlite": _upsert_expired(sqlite), "postgresql": _upsert_expired(postgresql)}


class SqlCodeStore:
    """A store of one-time codes in a database with our schema.

    The database makes each method atomic: one DELETE finds and removes a code, and one upsert
    replaces it.

    Args:
        place: an engine, or the connection of a transaction to take part in.
    """

    def __init__(self, place: EngineOrConnection) -> None:
        self._dialect = place.dialect.name
        self._database = database_at(place)

    def put(self, code: OneTimeCode) -> None:
        """Store a code; it replaces the subject's code for this purpose."""
        self._database.count(_PUT[self._dialect], _values(code))

    def put_first(self, code: OneTimeCode, now: float) -> bool:
        """Store a code unless the subject has an unexpired one for this purpose."""
        return bool(self._database.rows(_PUT_FIRST[self._dialect], _values(code) | {"now": now}))

    def find(self, digest: str, purpose: str, now: float) -> OneTimeCode | None:
        """Return an unexpired code for this purpose without deleting it."""
        return self._one(_FIND, digest, purpose, now)

    def take(self, digest: str, purpose: str, now: float) -> OneTimeCode | None:
        """Delete an unexpired code for this purpose, and return it."""
        return self._one(_TAKE, digest, purpose, now)

    def forget(self, subject: str) -> None:
        """Delete all codes of a subject."""
        self._database.count(_FORGET, {"of_subject": subject})

    def purge(self, now: float, limit: int) -> int:
        """Delete up to ``limit`` expired codes; return how many."""
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
