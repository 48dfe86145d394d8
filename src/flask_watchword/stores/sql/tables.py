"""The tables, all under one prefix so that they can live beside an application's own."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

from flask_watchword.stores.sql.text import AnyText

#: Where Alembic notes what was applied. A name of our own, because the application may keep an
#: Alembic history in the same database.
VERSION_TABLE = "watchword_alembic_version"

metadata = MetaData()

users = Table(
    "watchword_users",
    metadata,
    Column("id", AnyText(64), primary_key=True),
    Column("email", AnyText(320), nullable=False),
    Column("email_key", AnyText(1024), nullable=False, unique=True),
    Column("password_hash", AnyText(512), nullable=False),
    Column("created_at", Float(53), nullable=False),
)

sessions = Table(
    "watchword_sessions",
    metadata,
    Column("id", AnyText, primary_key=True),
    Column("subject", AnyText, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("started_at", Float(53), nullable=False),
    Column("rotated_at", Float(53), nullable=False),
    Column("idle_until", Float(53), nullable=False),
    Column("ends_at", Float(53), nullable=False),
    Column("address", AnyText, nullable=False),
    Column("agent", AnyText, nullable=False),
    Column("ended_at", Float(53)),
    Column("end_reason", AnyText),
    Index("ix_watchword_sessions_subject", "subject"),
    Index("ix_watchword_sessions_idle_until", "idle_until"),
)

#: The log. Whoever follows it counts on numbers that only grow, also after the newest are deleted.
revocations = Table(
    "watchword_revocations",
    metadata,
    # SQLite counts on by itself only for a column it calls INTEGER, which has 64 bits there.
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("value", AnyText, nullable=False),
    Column("moment", Float(53), nullable=False),
    Column("until", Float(53), nullable=False),
    Index("ix_watchword_revocations_value", "value", "kind"),
    Index("ix_watchword_revocations_until", "until"),
    sqlite_autoincrement=True,
)

#: One row at most, 1, made by whoever first finds none. Where the tables were emptied or made anew
#: it is another one, by which those who follow the log know that it is not the one of before.
epoch = Table(
    "watchword_epoch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", String(64), nullable=False),
    Column("since", Float(53), nullable=False),
)

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
