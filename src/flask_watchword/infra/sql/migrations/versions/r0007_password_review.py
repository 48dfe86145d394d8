"""Note which passwords have to be checked after their second factor was removed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add a column to ``watchword_users``, which may be empty."""
    op.add_column("watchword_users", sa.Column("password_review_at", sa.Float(53)))


def downgrade() -> None:
    """Drop the column."""
    with op.batch_alter_table("watchword_users") as users:
        users.drop_column("password_review_at")
