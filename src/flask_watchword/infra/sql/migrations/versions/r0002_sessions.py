"""Create the tables of sessions and of revocations."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create ``watchword_sessions``, ``watchword_revocations`` and ``watchword_epoch``."""
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
    )
    op.create_index("ix_watchword_sessions_subject", "watchword_sessions", ["subject"])
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


def downgrade() -> None:
    """Drop the three tables."""
    op.drop_table("watchword_epoch")
    op.drop_table("watchword_revocations")
    op.drop_table("watchword_sessions")
