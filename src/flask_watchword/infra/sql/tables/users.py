"""Tables of users and of one-time codes."""

from collections.abc import Mapping

from sqlalchemy import BigInteger, Column, Float, Index, String, Table, TextClause, text

from flask_watchword.infra.sql.tables.base import metadata
from flask_watchword.infra.sql.text import AnyText

#: Whether a user is an administrator, by dialect: the condition of a partial index, which a query
#: has to repeat. A space at each end keeps a role from matching a part of another.
IS_ADMIN: Mapping[str, TextClause] = {
    "sqlite": text("instr(' ' || roles || ' ', ' admin ') > 0"),
    "postgresql": text("strpos(' ' || roles || ' ', ' admin ') > 0"),
}

users = Table(
    "watchword_users",
    metadata,
    Column("id", AnyText(64), primary_key=True),
    Column("email", AnyText(320), nullable=False),
    Column("email_key", AnyText(1024), nullable=False, unique=True),
    Column("password_hash", AnyText(512), nullable=False),
    Column("created_at", Float(53), nullable=False),
    # Names separated by spaces: a name contains none.
    Column("roles", AnyText, nullable=False, server_default=text("''")),
    Column("scopes", AnyText, nullable=False, server_default=text("''")),
    Column("disabled_at", Float(53)),
    Column("email_verified_at", Float(53)),
    Column("password_changed_at", Float(53)),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    Column("password_review_at", Float(53)),
    # There is one more on PostgreSQL where it could be created: `watchword_users_search`.
    Index(
        "ix_watchword_users_admins",
        "id",
        sqlite_where=IS_ADMIN["sqlite"],
        postgresql_where=IS_ADMIN["postgresql"],
    ),
    Index(
        "ix_watchword_users_disabled_at",
        "disabled_at",
        sqlite_where=text("disabled_at IS NOT NULL"),
        postgresql_where=text("disabled_at IS NOT NULL"),
    ),
)

#: The columns in the order of the fields of ``User``.
USER_COLUMNS = (
    users.c.id,
    users.c.email,
    users.c.email_key,
    users.c.password_hash,
    users.c.created_at,
    users.c.roles,
    users.c.scopes,
    users.c.disabled_at,
    users.c.email_verified_at,
    users.c.password_changed_at,
    users.c.version,
    users.c.password_review_at,
)

#: One code per user and purpose; a new code replaces it.
codes = Table(
    "watchword_codes",
    metadata,
    Column("subject", AnyText(64), primary_key=True),
    Column("purpose", String(16), primary_key=True),
    Column("digest", AnyText(64), nullable=False, unique=True),
    Column("version", BigInteger, nullable=False),
    Column("address", AnyText(320), nullable=False),
    Column("expires_at", Float(53), nullable=False),
    Index("ix_watchword_codes_expires_at", "expires_at"),
)
