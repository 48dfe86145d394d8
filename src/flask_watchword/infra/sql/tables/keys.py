"""The tables of signing keys."""

from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, String, Table

from flask_watchword.infra.sql.tables.base import metadata
from flask_watchword.infra.sql.text import AnyText

#: The keys that sign and verify. ``sealed`` is a private part under the master key, which is not
#: in the database; a key without one verifies only.
keys = Table(
    "watchword_keys",
    metadata,
    Column("kid", AnyText(256), primary_key=True),
    Column("algorithm", String(16), nullable=False),
    Column("public_jwk", AnyText),
    Column("sealed", LargeBinary),
    Column("published_at", Float(53), nullable=False),
    Column("active_from", Float(53)),
    Column("verify_until", Float(53)),
    Column("revoked_at", Float(53)),
)

#: One row at most, 1: what all keys together are swapped by, and how long their tokens live.
keyring = Table(
    "watchword_keyring",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    Column("token_seconds", Float(53), nullable=False),
)
