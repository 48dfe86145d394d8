"""Under which master keys a database has what belongs to accounts; no value is opened."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Column, Connection, Engine, LargeBinary, func, select

from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.engine import reading
from flask_watchword.infra.sql.schema import schema_revision
from flask_watchword.infra.sql.transactions import execute_one

#: Rows that one statement looks at, so that none takes longer than a statement may.
_BATCH = 20_000

#: By kind, what names a row and what is sealed in it.
_KINDS: Mapping[str, tuple[Column[Any], Column[Any]]] = {
    "authenticators": (tables.totp.c.user_id, tables.totp.c.sealed_secret),
    "e-mail": (tables.outbox.c.id, tables.outbox.c.sealed_body),
}


def count_by_head(engine: Engine, head_bytes: int) -> Mapping[str, Mapping[bytes, int]]:
    """Return how many values of each kind begin alike, which are those under one master key.

    Args:
        engine: of a database whose schema is in place.
        head_bytes: how much of a value tells its master key.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    return {kind: _counted(engine, *columns, head_bytes) for kind, columns in _KINDS.items()}


def holds_sealed_values(engine: Engine) -> bool:
    """Tell whether there is any value that a master key encrypted, signing keys included.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    if schema_revision(engine).current is None:
        return False
    columns = [tables.keys.c.sealed, *(sealed for _, sealed in _KINDS.values())]
    with reading(engine) as connection:
        return any(
            connection.execute(select(column).where(column.is_not(None)).limit(1)).first()
            for column in columns
        )


def _counted(
    engine: Engine, named: Column[Any], sealed: Column[Any], head_bytes: int
) -> Mapping[bytes, int]:
    last, found = "", Counter[bytes]()
    while rows := execute_one(engine, partial(_batch, named, sealed, head_bytes, last)):
        for head, count, _ in rows:
            # Of a message that is over nothing is left.
            if head is not None:
                found[bytes(head)] += count
        last = rows[0][2]
    return found


def _batch(
    named: Column[Any], sealed: Column[Any], head_bytes: int, after: str, connection: Connection
) -> Sequence[tuple[bytes | None, int, str]]:
    head = func.substr(sealed, 1, head_bytes, type_=LargeBinary).label("head")
    rows = select(named.label("name"), head).where(named > after).order_by(named).limit(_BATCH)
    some = rows.subquery()
    # The last of all, as the database orders them.
    last = func.max(func.max(some.c.name)).over()
    statement = select(some.c.head, func.count(), last).group_by(some.c.head)
    return [(row[0], row[1], row[2]) for row in connection.execute(statement)]
