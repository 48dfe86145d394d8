"""The tables, all under one prefix so that they can live beside an application's own."""

from flask_watchword.stores.sql.tables.base import VERSION_TABLE, metadata
from flask_watchword.stores.sql.tables.keys import keyring, keys
from flask_watchword.stores.sql.tables.security import (
    audit,
    audit_head,
    machine_tokens,
    outbox,
    recovery_codes,
    throttle,
    totp,
)
from flask_watchword.stores.sql.tables.sessions import epoch, revocations, sessions
from flask_watchword.stores.sql.tables.users import codes, users

__all__ = [
    "VERSION_TABLE",
    "audit",
    "audit_head",
    "codes",
    "epoch",
    "keyring",
    "keys",
    "machine_tokens",
    "metadata",
    "outbox",
    "recovery_codes",
    "revocations",
    "sessions",
    "throttle",
    "totp",
    "users",
]
