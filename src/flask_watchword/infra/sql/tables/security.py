"""Tables of rate limits, second factors, API tokens, the audit log and e-mail."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, String, Table

from flask_watchword.infra.sql.tables.base import metadata
from flask_watchword.infra.sql.text import AnyText

#: One row per limit in use. ``until`` is in microseconds since the epoch; after it the row has no
#: meaning.
throttle = Table(
    "watchword_throttle",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("until", BigInteger, nullable=False),
    Index("ix_watchword_throttle_until", "until"),
)

#: ``sealed_secret`` is encrypted with the master key. Steps up to ``last_step`` have been used.
totp = Table(
    "watchword_totp",
    metadata,
    Column("user_id", AnyText(64), primary_key=True),
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("confirmed_at", Float(53)),
    Column("last_step", BigInteger, nullable=False),
)

#: A used code is deleted.
recovery_codes = Table(
    "watchword_recovery_codes",
    metadata,
    Column("user_id", AnyText(64), primary_key=True),
    Column("code_hash", String(64), primary_key=True),
)

api_tokens = Table(
    "watchword_machine_tokens",
    metadata,
    Column("id", AnyText(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("owner", AnyText(64), nullable=False),
    Column("name", AnyText(128), nullable=False),
    Column("scopes", AnyText, nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created_at", Float(53), nullable=False),
    Column("expires_at", Float(53)),
    Column("last_used_at", Float(53)),
    Column("revoked_at", Float(53)),
    Index("ix_watchword_machine_tokens_owner", "owner"),
    Index("ix_watchword_machine_tokens_expires_at", "expires_at"),
    Index("ix_watchword_machine_tokens_revoked_at", "revoked_at"),
)

#: Numbered from 1 without gaps. ``hash`` covers the row and the hash of the previous row.
audit = Table(
    "watchword_audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Float(53), nullable=False),
    Column("event", AnyText(64), nullable=False),
    Column("subject", AnyText, nullable=False),
    Column("session", AnyText, nullable=False),
    Column("address", AnyText, nullable=False),
    Column("agent", AnyText, nullable=False),
    Column("detail", AnyText, nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_watchword_audit_subject", "subject", "seq"),
    Index("ix_watchword_audit_event", "event", "seq"),
    Index("ix_watchword_audit_subject_event", "subject", "event", "seq"),
)

#: At most two rows, with the number and the hash of an entry. Id 1 is the newest entry, id 2 the
#: last entry that was dropped.
audit_head = Table(
    "watchword_audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)

#: ``due_at`` is the time of the next attempt, or the end of a worker's claim; NULL when the message
#: was sent or given up. ``sealed_body`` is encrypted with the master key, and deleted then.
outbox = Table(
    "watchword_outbox",
    metadata,
    Column("id", AnyText(64), primary_key=True),
    Column("recipient", AnyText(320), nullable=False),
    Column("kind", AnyText(64), nullable=False),
    Column("sealed_body", LargeBinary),
    Column("created_at", Float(53), nullable=False),
    Column("expires_at", Float(53), nullable=False),
    Column("due_at", Float(53)),
    Column("attempts", Integer, nullable=False),
    Column("claim", String(64)),
    Column("sent_at", Float(53)),
    Column("given_up_at", Float(53)),
    Column("last_error", AnyText),
    Index("ix_watchword_outbox_due_at", "due_at"),
    Index("ix_watchword_outbox_created_at", "created_at"),
)
