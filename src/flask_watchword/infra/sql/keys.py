"""Signing keys in a SQL database: one row per key, and one row with the version of the keyring."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, delete, exc, insert, select, true, update

from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.engine import reading, run, transactions
from flask_watchword.keys.store import StoredKey, StoredKeyring

_keyring = tables.keyring
_keys = tables.keys.c

_VERSION = select(_keyring.c.version).where(_keyring.c.id == 1)

# The columns in the order of the fields of `StoredKey`.
_KEY = (
    _keys.kid,
    _keys.algorithm,
    _keys.public_jwk,
    _keys.sealed,
    _keys.published_at,
    _keys.active_from,
    _keys.verify_until,
    _keys.revoked_at,
)

#: One statement, which sees one snapshot; two could see the keyring before and after a swap.
_LOAD = (
    select(_keyring.c.version, _keyring.c.token_seconds, *_KEY)
    .select_from(_keyring.outerjoin(tables.keys, true()))
    .where(_keyring.c.id == 1)
)


class SqlKeyStore:
    """A key store in a database with our schema.

    The WHERE clause of one UPDATE is the compare-and-swap; for the first keyring it is the primary
    key. The rows of the keys are written in the same transaction.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._transactions = transactions(engine)

    def version(self) -> int:
        """Return the version of the keyring."""
        with reading(self._engine) as connection:
            version: int | None = connection.scalar(_VERSION)
        return version or 0

    def load(self) -> StoredKeyring:
        """Return the keyring as one swap left it."""
        with reading(self._engine) as connection:
            rows = connection.execute(_LOAD).all()
        if not rows:
            return StoredKeyring()
        # The outer join returns one row with NULLs for a keyring without keys.
        keys = tuple(_key(row[2:]) for row in rows if row.kid is not None)
        return StoredKeyring(rows[0].version, keys, rows[0].token_seconds)

    def swap(self, keyring: StoredKeyring) -> bool:
        """Put this keyring where the one with its version stands; return whether it did."""
        try:
            return run(self._transactions, lambda connection: _swap(connection, keyring))
        except exc.IntegrityError:
            if keyring.version == 0:
                return False  # another process has stored the first keyring
            raise


def _swap(connection: Connection, keyring: StoredKeyring) -> bool:
    if not _advance(connection, keyring):
        return False
    connection.execute(delete(tables.keys))
    if keyring.keys:
        connection.execute(insert(tables.keys), [_row(key) for key in keyring.keys])
    return True


def _advance(connection: Connection, keyring: StoredKeyring) -> bool:
    values = {"version": keyring.version + 1, "token_seconds": keyring.token_seconds}
    if keyring.version == 0:
        connection.execute(insert(_keyring), {"id": 1, **values})
        return True
    seen = (_keyring.c.id == 1) & (_keyring.c.version == keyring.version)
    return connection.execute(update(_keyring).where(seen).values(values)).rowcount == 1


def _row(key: StoredKey) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "public_jwk": json.dumps(dict(key.public_jwk)),
        "sealed": key.encrypted_private_key,
        "published_at": key.published_at,
        "active_from": key.active_from,
        "verify_until": key.verify_until,
        "revoked_at": key.revoked_at,
    }


def _key(row: Sequence[Any]) -> StoredKey:
    kid, algorithm, jwk, encrypted, *times = row
    return StoredKey(kid, algorithm, json.loads(jwk), encrypted, *times)
