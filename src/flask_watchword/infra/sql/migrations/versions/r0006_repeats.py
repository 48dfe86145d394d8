"""Note which device used a refresh token first, and which one repeated it."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add nine columns to ``watchword_sessions``; each may be empty or has a default."""
    op.add_column("watchword_sessions", sa.Column("shown_use_at", sa.Float(53)))
    for name in ("used_address", "used_agent"):
        op.add_column("watchword_sessions", _text(name))
    for name in ("repeated", "repeated_elsewhere", "elsewhere_in_a_row"):
        op.add_column("watchword_sessions", _number(name))
    op.add_column("watchword_sessions", sa.Column("elsewhere_at", sa.Float(53)))
    for name in ("elsewhere_address", "elsewhere_agent"):
        op.add_column("watchword_sessions", _text(name))


def downgrade() -> None:
    """Drop the nine columns."""
    with op.batch_alter_table("watchword_sessions") as sessions:
        for name in (
            "elsewhere_agent",
            "elsewhere_address",
            "elsewhere_at",
            "elsewhere_in_a_row",
            "repeated_elsewhere",
            "repeated",
            "used_agent",
            "used_address",
            "shown_use_at",
        ):
            sessions.drop_column(name)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String, nullable=False, server_default=sa.text("''"))


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default=sa.text("0"))
