"""Create all tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create all tables and their indexes."""
    _create_users()
    _create_sessions()
    _create_keys()
    _create_second_factors()
    _create_api_tokens()
    _create_rate_limits()
    _create_audit_log()
    _create_outbox()


def _create_users() -> None:
    op.create_table(
        "watchword_users",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("email_key", sa.String(1024), nullable=False, unique=True),
        sa.Column("password_hash", sa.String(512), nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        _text_with_default("roles"),
        _text_with_default("scopes"),
        sa.Column("disabled_at", sa.Float(53)),
        sa.Column("email_verified_at", sa.Float(53)),
        sa.Column("password_changed_at", sa.Float(53)),
        _number_with_default("version", 1),
        sa.Column("password_review_at", sa.Float(53)),
    )
    admin = "' ' || roles || ' ', ' admin '"
    op.create_index(
        "ix_watchword_users_admins",
        "watchword_users",
        ["id"],
        sqlite_where=sa.text(f"instr({admin}) > 0"),
        postgresql_where=sa.text(f"strpos({admin}) > 0"),
    )
    disabled = sa.text("disabled_at IS NOT NULL")
    op.create_index(
        "ix_watchword_users_disabled_at",
        "watchword_users",
        ["disabled_at"],
        sqlite_where=disabled,
        postgresql_where=disabled,
    )
    if op.get_bind().dialect.name == "postgresql":
        _create_search_index()
    op.create_table(
        "watchword_codes",
        sa.Column("subject", sa.String(64), primary_key=True),
        sa.Column("purpose", sa.String(16), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("expires_at", sa.Float(53), nullable=False),
    )
    op.create_index("ix_watchword_codes_expires_at", "watchword_codes", ["expires_at"])


def _create_search_index() -> None:
    # Not every role may create an extension, and not every server has it. Searches then read all
    # users: see docs/service/several-machines.md.
    try:
        with op.get_bind().begin_nested():
            op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            op.create_index(
                "ix_watchword_users_search",
                "watchword_users",
                ["email_key"],
                postgresql_using="gin",
                postgresql_ops={"email_key": "gin_trgm_ops"},
            )
    except sa.exc.DBAPIError:
        return


def _create_sessions() -> None:
    op.create_table(
        "watchword_sessions",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.Float(53), nullable=False),
        sa.Column("rotated_at", sa.Float(53), nullable=False),
        sa.Column("idle_until", sa.Float(53), nullable=False),
        sa.Column("ends_at", sa.Float(53), nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("ended_at", sa.Float(53)),
        sa.Column("end_reason", sa.String),
        sa.Column("shown_use_at", sa.Float(53)),
        _text_with_default("used_address"),
        _text_with_default("used_agent"),
        _number_with_default("repeated", 0),
        _number_with_default("repeated_elsewhere", 0),
        _number_with_default("elsewhere_in_a_row", 0),
        sa.Column("elsewhere_at", sa.Float(53)),
        _text_with_default("elsewhere_address"),
        _text_with_default("elsewhere_agent"),
    )
    op.create_index(
        "ix_watchword_sessions_subject",
        "watchword_sessions",
        ["subject", "started_at", "id"],
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_watchword_sessions_idle_until", "watchword_sessions", ["idle_until"])
    op.create_table(
        "watchword_revocations",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sa.Column("moment", sa.Float(53), nullable=False),
        sa.Column("until", sa.Float(53), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_watchword_revocations_value", "watchword_revocations", ["value", "kind"])
    op.create_index("ix_watchword_revocations_until", "watchword_revocations", ["until"])
    op.create_table(
        "watchword_epoch",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("epoch", sa.String(64), nullable=False),
        sa.Column("since", sa.Float(53), nullable=False),
    )


def _create_keys() -> None:
    op.create_table(
        "watchword_keys",
        sa.Column("kid", sa.String(256), primary_key=True),
        sa.Column("algorithm", sa.String(16), nullable=False),
        sa.Column("public_jwk", sa.String),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("published_at", sa.Float(53), nullable=False),
        sa.Column("active_from", sa.Float(53)),
        sa.Column("verify_until", sa.Float(53)),
        sa.Column("revoked_at", sa.Float(53)),
    )
    op.create_table(
        "watchword_keyring",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("token_seconds", sa.Float(53), nullable=False),
    )


def _create_second_factors() -> None:
    op.create_table(
        "watchword_totp",
        sa.Column("user_id", sa.String(64), primary_key=True),
        sa.Column("sealed_secret", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("confirmed_at", sa.Float(53)),
        sa.Column("last_step", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "watchword_recovery_codes",
        sa.Column("user_id", sa.String(64), primary_key=True),
        sa.Column("code_hash", sa.String(64), primary_key=True),
    )


def _create_api_tokens() -> None:
    op.create_table(
        "watchword_machine_tokens",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("scopes", sa.String, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("expires_at", sa.Float(53)),
        sa.Column("last_used_at", sa.Float(53)),
        sa.Column("revoked_at", sa.Float(53)),
    )
    for name in ("owner", "expires_at", "revoked_at"):
        op.create_index(f"ix_watchword_machine_tokens_{name}", "watchword_machine_tokens", [name])


def _create_rate_limits() -> None:
    op.create_table(
        "watchword_throttle",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_watchword_throttle_until", "watchword_throttle", ["until"])


def _create_audit_log() -> None:
    op.create_table(
        "watchword_audit",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Float(53), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("session", sa.String, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("detail", sa.String, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("ix_watchword_audit_subject", "watchword_audit", ["subject", "seq"])
    op.create_index("ix_watchword_audit_event", "watchword_audit", ["event", "seq"])
    op.create_index(
        "ix_watchword_audit_subject_event", "watchword_audit", ["subject", "event", "seq"]
    )
    op.create_table(
        "watchword_audit_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )


def _create_outbox() -> None:
    op.create_table(
        "watchword_outbox",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("recipient", sa.String(320), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("sealed_body", sa.LargeBinary),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("expires_at", sa.Float(53), nullable=False),
        sa.Column("due_at", sa.Float(53)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("claim", sa.String(64)),
        sa.Column("sent_at", sa.Float(53)),
        sa.Column("given_up_at", sa.Float(53)),
        sa.Column("last_error", sa.String),
    )
    op.create_index("ix_watchword_outbox_due_at", "watchword_outbox", ["due_at"])
    op.create_index("ix_watchword_outbox_created_at", "watchword_outbox", ["created_at"])


def _text_with_default(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String, nullable=False, server_default=sa.text("''"))


def _number_with_default(name: str, value: int) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default=sa.text(str(value)))
