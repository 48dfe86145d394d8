"""Let users be disabled, verified and given roles; make the table of one-time codes."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_users = sa.table(
    "watchword_users",
    sa.column("id", sa.String),
    sa.column("email", sa.String),
    sa.column("email_key", sa.String),
)


def upgrade() -> None:
    """Add to ``watchword_users``, create ``watchword_codes``, bring keys to today's form."""
    op.add_column("watchword_users", _names("roles"))
    op.add_column("watchword_users", _names("scopes"))
    op.add_column("watchword_users", sa.Column("disabled_at", sa.Float(53)))
    op.add_column("watchword_users", sa.Column("email_verified_at", sa.Float(53)))
    op.add_column("watchword_users", sa.Column("password_changed_at", sa.Float(53)))
    version = sa.Column("version", sa.BigInteger, nullable=False, server_default=sa.text("1"))
    op.add_column("watchword_users", version)
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
    _use_ascii_domains(op.get_bind())


def downgrade() -> None:
    """Drop what was added. Keys stay: both forms find an address that is typed in ASCII."""
    op.drop_table("watchword_codes")
    with op.batch_alter_table("watchword_users") as users:
        users.drop_column("version")
        users.drop_column("password_changed_at")
        users.drop_column("email_verified_at")
        users.drop_column("disabled_at")
        users.drop_column("scopes")
        users.drop_column("roles")


def _names(column: str) -> sa.Column[str]:
    return sa.Column(column, sa.String, nullable=False, server_default=sa.text("''"))


def _use_ascii_domains(connection: sa.Connection) -> None:
    # Addresses are compared by the domain as the DNS knows it. Those typed in ASCII are so
    # already; the others are few, and their keys made anew from what was typed.
    for row in connection.execute(sa.select(_users)).all():
        key = row.email_key if row.email.isascii() else _with_ascii_domain(row)
        if key != row.email_key and not _is_taken(connection, key):
            this_one = _users.c.id == row.id
            connection.execute(sa.update(_users).where(this_one).values(email_key=key))


def _with_ascii_domain(row: sa.Row[Any]) -> str:
    # Here and not above: a database for sessions alone has no users, and the extras that keep
    # sessions do not bring this package.
    from email_validator import EmailNotValidError, validate_email

    name = row.email_key.rpartition("@")[0]
    typed = row.email.replace("\N{FULLWIDTH COMMERCIAL AT}", "@").rpartition("@")[2]
    try:
        address = validate_email(f"x@{typed}", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return str(row.email_key)
    return f"{name}@{address.ascii_domain}"


def _is_taken(connection: sa.Connection, key: str) -> bool:
    # Two accounts of one mailbox: whoever has the key in today's form keeps it, and the other
    # one stays as it is, for people to decide about.
    statement = sa.select(_users).where(_users.c.email_key == key)
    return connection.execute(statement).first() is not None
