"""The tables. Their common prefix separates them from those of an application."""

from flask_watchword.infra.sql.tables.base import VERSION_TABLE, metadata
from flask_watchword.infra.sql.tables.keys import keyring, keys
from flask_watchword.infra.sql.tables.security import (
    api_tokens,
    audit,
    audit_head,
    outbox,
    recovery_codes,
    throttle,
    totp,
)
from flask_watchword.infra.sql.tables.sessions import epoch, revocations, sessions
from flask_watchword.infra.sql.tables.users import codes, users

__all__ = [
    "VERSION_TABLE",
    "api_tokens",
    "audit",
    "audit_head",
    "codes",
    "epoch",
    "keyring",
    "keys",
    "metadata",
    "outbox",
    "recovery_codes",
    "revocations",
    "sessions",
    "throttle",
    "totp",
    "users",
]
