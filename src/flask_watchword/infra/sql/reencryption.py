"""Seal anew what a column holds, in batches beside which requests go on."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, Update, func, literal, select, update

from flask_watchword.accounts.reencryption import ReencryptionResult
from flask_watchword.infra.sql.transactions import EngineOrConnection, transact
from flask_watchword.keys.encryption import DecryptionFailed, Encryptor

_BATCH = 200


def reseal(
    place: EngineOrConnection,
    encryptor: Encryptor,
    named: Column[Any],
    sealed: Column[Any],
    context_of: Callable[[str], str],
) -> ReencryptionResult:
    """Seal every value of a column under the first master key that is under another one.

    A value that is replaced meanwhile is left: what replaced it was sealed by somebody else.

    Args:
        place: where the table is.
        encryptor: opens and seals.
        named: the primary key of the table.
        sealed: the column.
        context_of: what a value is bound to, by its key.
    """
    last, done, unreadable = "", 0, 0
    while batch := transact(place, partial(_batch, encryptor.current_prefix, named, sealed, last)):
        for name, before in batch:
            try:
                after = encryptor.encrypt(
                    encryptor.decrypt(before, context_of(name)), context_of(name)
                )
            except DecryptionFailed:
                unreadable += 1
                continue
            swap = update(named.table).where(named == name, sealed == before)
            done += transact(place, partial(_count, swap.values({sealed.name: after})))
        last = batch[-1][0]
    return ReencryptionResult(done, unreadable)


def _batch(
    head: bytes, named: Column[Any], sealed: Column[Any], after: str, connection: Connection
) -> list[tuple[str, bytes]]:
    begins = func.substr(sealed, 1, len(head), type_=LargeBinary)
    statement = (
        select(named, sealed)
        .where(named > after, begins != literal(head, LargeBinary))
        .order_by(named)
        .limit(_BATCH)
    )
    return [(name, bytes(value)) for name, value in connection.execute(statement)]


def _count(statement: Update, connection: Connection) -> int:
    return connection.execute(statement).rowcount
