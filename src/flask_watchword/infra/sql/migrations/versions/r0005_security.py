"""Create the tables of limits, second factors, machine tokens, the audit log and e-mail."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the seven tables."""
    op.create_table(
        "watchword_throttle",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_watchword_throttle_until", "watchword_throttle", ["until"])
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
    op.create_index("ix_watchword_machine_tokens_owner", "watchword_machine_tokens", ["owner"])
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
    op.create_table(
        "watchword_audit_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
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


def downgrade() -> None:
    """Drop the seven tables."""
    op.drop_table("watchword_outbox")
    op.drop_table("watchword_audit_head")
    op.drop_table("watchword_audit")
    op.drop_table("watchword_machine_tokens")
    op.drop_table("watchword_recovery_codes")
    op.drop_table("watchword_totp")
    op.drop_table("watchword_throttle")
