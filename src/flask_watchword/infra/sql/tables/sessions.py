"""Tables of sessions and revocations."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, text

from flask_watchword.infra.sql.tables.base import metadata
from flask_watchword.infra.sql.text import AnyText

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
    Column("shown_use_at", Float(53)),
    Column("used_address", AnyText, nullable=False, server_default=text("''")),
    Column("used_agent", AnyText, nullable=False, server_default=text("''")),
    Column("repeated", BigInteger, nullable=False, server_default=text("0")),
    Column("repeated_elsewhere", BigInteger, nullable=False, server_default=text("0")),
    Column("elsewhere_in_a_row", BigInteger, nullable=False, server_default=text("0")),
    Column("elsewhere_at", Float(53)),
    Column("elsewhere_address", AnyText, nullable=False, server_default=text("''")),
    Column("elsewhere_agent", AnyText, nullable=False, server_default=text("''")),
    # Only of sessions that have not ended: a subject may have ended a hundred thousand.
    Index(
        "ix_watchword_sessions_subject",
        "subject",
        "started_at",
        "id",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index("ix_watchword_sessions_idle_until", "idle_until"),
)

#: The revocation log. Its followers rely on increasing numbers, also after the newest are deleted.
revocations = Table(
    "watchword_revocations",
    metadata,
    # SQLite generates numbers only for a column of type INTEGER, which has 64 bits there.
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("value", AnyText, nullable=False),
    Column("moment", Float(53), nullable=False),
    Column("until", Float(53), nullable=False),
    Index("ix_watchword_revocations_value", "value", "kind"),
    Index("ix_watchword_revocations_until", "until"),
    sqlite_autoincrement=True,
)

#: At most one row, with id 1, inserted by the first reader that finds none. After the tables were
#: emptied or created again it has another epoch, by which followers detect that the log is new.
epoch = Table(
    "watchword_epoch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", String(64), nullable=False),
    Column("since", Float(53), nullable=False),
)
