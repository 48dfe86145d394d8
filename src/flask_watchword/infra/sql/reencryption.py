"""Encrypt the values of a column with the first master key, in batches."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, Update, func, literal, select, update

from flask_watchword.accounts.reencryption import ReencryptionResult
from flask_watchword.infra.sql.transactions import EngineOrConnection, transact
from flask_watchword.keys.encryption import DecryptionFailed, Encryptor

_BATCH = 200


def reencrypt_column(
    place: EngineOrConnection,
    encryptor: Encryptor,
    key: Column[Any],
    encrypted: Column[Any],
    context_of: Callable[[str], str],
) -> ReencryptionResult:
    """Encrypt every value of a column that is under another master key with the first one.

    Requests continue between the batches. A value that a request replaces is skipped: its new value
    is already encrypted with the first master key.

    Args:
        place: an engine, or the connection of a transaction to take part in.
        encryptor: decrypts and encrypts.
        key: primary key of the table.
        encrypted: the column.
        context_of: returns the context that a value is bound to, by its primary key.
    """
    last, done, unreadable = "", 0, 0
    while batch := transact(place, partial(_batch, encryptor.current_prefix, key, encrypted, last)):
        for name, before in batch:
            try:
                after = encryptor.encrypt(
                    encryptor.decrypt(before, context_of(name)), context_of(name)
                )
            except DecryptionFailed:
                unreadable += 1
                continue
            swap = update(key.table).where(key == name, encrypted == before)
            done += transact(place, partial(_count, swap.values({encrypted.name: after})))
        last = batch[-1][0]
    return ReencryptionResult(done, unreadable)


def _batch(
    prefix: bytes, key: Column[Any], encrypted: Column[Any], after: str, connection: Connection
) -> list[tuple[str, bytes]]:
    begins = func.substr(encrypted, 1, len(prefix), type_=LargeBinary)
    statement = (
        select(key, encrypted)
        .where(key > after, begins != literal(prefix, LargeBinary))
        .order_by(key)
        .limit(_BATCH)
    )
    return [(name, bytes(value)) for name, value in connection.execute(statement)]


def _count(statement: Update, connection: Connection) -> int:
    return connection.execute(statement).rowcount
