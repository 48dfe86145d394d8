"""Personal API keys and client credentials in a SQL database, one statement per method."""

import contextlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, insert, or_, select, update

from flask_watchword.accounts.api_tokens import ApiToken, ApiTokenKind
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.batches import batch
from flask_watchword.infra.sql.transactions import EngineOrConnection, database_at

_tokens = tables.api_tokens.c

# The columns in the order of the fields of `ApiToken`.
_TOKEN = (
    _tokens.id,
    _tokens.kind,
    _tokens.owner,
    _tokens.name,
    _tokens.scopes,
    _tokens.token_hash,
    _tokens.created_at,
    _tokens.expires_at,
    _tokens.last_used_at,
    _tokens.revoked_at,
)

_ADD = insert(tables.api_tokens)

_BY_HASH = select(*_TOKEN).where(_tokens.token_hash == bindparam("digest"))

_of_owner = _tokens.owner == bindparam("of_owner")

_OF_OWNER = select(*_TOKEN).where(_of_owner).order_by(_tokens.created_at.desc(), _tokens.id)

_REVOKE = (
    update(tables.api_tokens)
    .where(_of_owner, _tokens.id == bindparam("token_id"), _tokens.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)

_NOTE_USE = (
    update(tables.api_tokens)
    .where(
        _tokens.id == bindparam("token_id"),
        or_(_tokens.last_used_at.is_(None), _tokens.last_used_at <= bindparam("unless_after")),
    )
    .values(last_used_at=bindparam("now"))
)

_REMOVE_ALL = delete(tables.api_tokens).where(_of_owner)

# Rows that another transaction is writing are skipped.
_PURGE = delete(tables.api_tokens).where(
    _tokens.id.in_(
        batch(
            select(_tokens.id)
            .where(
                or_(
                    _tokens.revoked_at < bindparam("before"),
                    _tokens.expires_at < bindparam("before"),
                )
            )
            .limit(bindparam("most"))
        )
    )
)


class SqlApiTokenStore:
    """A store of API tokens in a database with our schema.

    Args:
        place: an engine, or the connection of a transaction to take part in.
    """

    def __init__(self, place: EngineOrConnection) -> None:
        self._database = database_at(place)

    def add(self, token: ApiToken) -> None:
        """Store a new token."""
        values = {column.name: getattr(token, column.name) for column in _TOKEN}
        values |= {"kind": token.kind.value, "scopes": " ".join(sorted(token.scopes))}
        self._database.count(_ADD, values)

    def by_hash(self, token_hash: str) -> ApiToken | None:
        """Return the token with this hash."""
        for row in self._database.rows(_BY_HASH, {"digest": token_hash}):
            return _token(row)
        return None

    def of_owner(self, owner: str) -> Sequence[ApiToken]:
        """Return a user's tokens, the newest first."""
        return [_token(row) for row in self._database.rows(_OF_OWNER, {"of_owner": owner})]

    def revoke(self, token_id: str, owner: str, now: float) -> bool:
        """Revoke one of a user's tokens."""
        values = {"token_id": token_id, "of_owner": owner, "now": now}
        return self._database.count(_REVOKE, values) == 1

    def record_use(self, token_id: str, now: float, unless_after: float) -> None:
        """Record the use of a token, unless a use after ``unless_after`` is already recorded."""
        values = {"token_id": token_id, "now": now, "unless_after": unless_after}
        with contextlib.suppress(StoreUnavailable):
            self._database.count(_NOTE_USE, values)

    def remove_all(self, owner: str) -> None:
        """Delete all tokens of a user."""
        self._database.count(_REMOVE_ALL, {"of_owner": owner})

    def purge(self, before: float, limit: int) -> int:
        """Delete up to ``limit`` tokens that were revoked or had expired before a time."""
        return self._database.count(_PURGE, {"before": before, "most": limit})


def _token(row: Sequence[Any]) -> ApiToken:
    token_id, kind, owner, name, scopes, *rest = row
    scope_set = frozenset(scopes.split())
    return ApiToken(token_id, ApiTokenKind(kind), owner, name, scope_set, *rest)
