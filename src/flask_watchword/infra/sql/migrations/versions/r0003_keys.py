"""Create the tables of signing keys."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create ``watchword_keys`` and ``watchword_keyring``."""
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


def downgrade() -> None:
    """Drop the two tables."""
    op.drop_table("watchword_keyring")
    op.drop_table("watchword_keys")
