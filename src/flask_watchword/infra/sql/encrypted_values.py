"""Count the encrypted values of accounts by master key, without decrypting them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Column, Connection, Engine, LargeBinary, func, select

from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.engine import reading
from flask_watchword.infra.sql.schema import schema_revision
from flask_watchword.infra.sql.transactions import execute_one

#: Rows that one statement reads, so that it stays within the time limit of a statement.
_BATCH = 20_000

#: By kind: the primary key and the encrypted column.
_KINDS: Mapping[str, tuple[Column[Any], Column[Any]]] = {
    "authenticators": (tables.totp.c.user_id, tables.totp.c.sealed_secret),
    "e-mail": (tables.outbox.c.id, tables.outbox.c.sealed_body),
}


def count_by_head(engine: Engine, head_bytes: int) -> Mapping[str, Mapping[bytes, int]]:
    """Return how many values of each kind have the same first bytes, which identify the master key.

    Args:
        engine: engine of a database with our schema.
        head_bytes: number of bytes that identify the master key.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    return {kind: _counted(engine, *columns, head_bytes) for kind, columns in _KINDS.items()}


def holds_encrypted_values(engine: Engine) -> bool:
    """Return whether there is any value encrypted with a master key, signing keys included.

    Raises:
        StoreUnavailable: when the database does not answer.
    """
    if schema_revision(engine).current is None:
        return False
    columns = [tables.keys.c.sealed, *(encrypted for _, encrypted in _KINDS.values())]
    with reading(engine) as connection:
        return any(
            connection.execute(select(column).where(column.is_not(None)).limit(1)).first()
            for column in columns
        )


def _counted(
    engine: Engine, key: Column[Any], encrypted: Column[Any], head_bytes: int
) -> Mapping[bytes, int]:
    last, counts = "", Counter[bytes]()
    while rows := execute_one(engine, partial(_batch, key, encrypted, head_bytes, last)):
        for head, count, _ in rows:
            # The body of a message that was sent or given up is deleted.
            if head is not None:
                counts[bytes(head)] += count
        last = rows[0][2]
    return counts


def _batch(
    key: Column[Any], encrypted: Column[Any], head_bytes: int, after: str, connection: Connection
) -> Sequence[tuple[bytes | None, int, str]]:
    head = func.substr(encrypted, 1, head_bytes, type_=LargeBinary).label("head")
    rows = select(key.label("name"), head).where(key > after).order_by(key).limit(_BATCH)
    batch = rows.subquery()
    # The last key of the whole batch, in the order of the database.
    last = func.max(func.max(batch.c.name)).over()
    statement = select(batch.c.head, func.count(), last).group_by(batch.c.head)
    return [(row[0], row[1], row[2]) for row in connection.execute(statement)]
