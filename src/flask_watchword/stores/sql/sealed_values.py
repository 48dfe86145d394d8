"""Under which master keys a database has what belongs to accounts; no value is opened."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Connection, Engine, LargeBinary, func, select

from flask_watchword.stores.sql import tables
from flask_watchword.stores.sql.joining import state

_COLUMNS: Mapping[str, Column[Any]] = {
    "authenticators": tables.totp.c.sealed_secret,
    "e-mail": tables.outbox.c.sealed_body,
}


def count_by_head(engine: Engine, head_bytes: int) -> Mapping[str, Mapping[bytes, int]]:
    """Return how many values of each kind begin alike, which are those under one master key.

    Args:
        engine: of a database whose schema is in place.
        head_bytes: how much of a value tells its master key.

    Raises:
        StoreUnavailable: when the database does not answer.
    """

    def counted(column: Column[Any]) -> Mapping[bytes, int]:
        head = func.substr(column, 1, head_bytes, type_=LargeBinary)
        # By its name: PostgreSQL takes two parameters with one value for two expressions.
        statement = select(head.label("head"), func.count()).where(column.is_not(None))
        statement = statement.group_by("head")

        def work(connection: Connection) -> Mapping[bytes, int]:
            return {bytes(head): count for head, count in connection.execute(statement)}

        return state(engine, work)

    return {kind: counted(column) for kind, column in _COLUMNS.items()}
