"""The API keys and OAuth clients of a user, which a password change does not revoke."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from flask_watchword.accounts.api_tokens import ApiToken
from flask_watchword.accounts.transaction import Transaction


def api_keys_of(tx: Transaction, user_id: str) -> list[ApiToken]:
    """Return a user's active API keys and clients, the newest first."""
    now = tx.now
    return [one for one in tx.api_tokens.of_owner(user_id) if not one.has_ended(now)]


def revoke_api_keys(tx: Transaction, keys: Sequence[ApiToken]) -> list[ApiToken]:
    """Revoke API keys and clients; return the revoked records."""
    now = tx.now
    for key in keys:
        if tx.api_tokens.revoke(key.id, key.owner, now):
            tx.audit("machine_token_revoked", key.owner, token=key.id)
    return [replace(key, revoked_at=now) for key in keys]


def template_values(keys: Sequence[ApiToken]) -> tuple[Mapping[str, str], ...]:
    """Return API keys as template values: kind, name, and dates as in RFC 3339."""
    return tuple(
        {
            "kind": key.kind.value,
            "name": key.name,
            "created": _date(key.created_at),
            "last_used": "" if key.last_used_at is None else _date(key.last_used_at),
        }
        for key in keys
    )


def _date(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).date().isoformat()
