"""Tables of signing keys."""

from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, String, Table

from flask_watchword.infra.sql.tables.base import metadata
from flask_watchword.infra.sql.text import AnyText

#: Keys that sign and verify. ``sealed`` is the private key, encrypted with the master key, which is
#: not in the database; a key without it only verifies.
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

#: At most one row, with id 1: the version for the compare-and-swap of all keys, and the longest
#: lifetime of their tokens.
keyring = Table(
    "watchword_keyring",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    Column("token_seconds", Float(53), nullable=False),
)
