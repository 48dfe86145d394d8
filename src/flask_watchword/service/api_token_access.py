"""Access tokens for API keys and clients."""

from collections.abc import Collection
from datetime import timedelta

from flask_watchword.accounts.api_tokens import (
    ApiToken,
    ApiTokenKind,
    scopes_now,
)
from flask_watchword.accounts.users import User
from flask_watchword.clock import system_clock
from flask_watchword.extension.sessions.session_context import SessionContext
from flask_watchword.extension.tokens.creation import create
from flask_watchword.service.context import ServiceContext

#: The claim that only access tokens of API keys and clients have (RFC 9068 section 2.2).
CLIENT_ID = "client_id"


def new_access_token(token: ApiToken, scopes: Collection[str], seconds: int) -> str:
    """Return an access token for an API key or a client.

    Views accept it like any other access token. It belongs to no session, is never fresh, cannot be
    refreshed and has no roles.

    Args:
        token: the API key or client.
        scopes: the scopes of the access token.
        seconds: its lifetime.
    """
    claims = {CLIENT_ID: token.id}
    if scopes:
        claims["scope"] = " ".join(sorted(scopes))
    # The subject may have been revoked a moment ago, for another of its tokens.
    SessionContext().feed.load_subject(subject_of(token))
    life = timedelta(seconds=seconds)
    return create(None, "access", claims, expires_delta=life, subject=subject_of(token))


def access_token_seconds(context: ServiceContext, token: ApiToken, now: float) -> int:
    """Return the lifetime of an access token in seconds: not past the end of its API key."""
    most = context.settings.access_token_seconds
    if token.expires_at is None:
        return most
    # Whole seconds, as in the claims of a token, and at least one.
    return max(1, min(most, int(token.expires_at - now)))


def subject_of(token: ApiToken) -> str:
    """Return the subject of the access tokens of an API key or a client.

    It is the client itself (RFC 9068 section 2.2), or the owner of an API key.
    """
    return token.id if token.kind is ApiTokenKind.CLIENT else token.owner


def owner_of(context: ServiceContext, token: ApiToken) -> User | None:
    """Return the owner of a token; ``None`` if the owner was deleted or disabled."""
    owner = context.stores.users.by_id(token.owner)
    return None if owner is None or owner.is_disabled else owner


def scopes_of(token: ApiToken, owner: User) -> frozenset[str]:
    """Return the current scopes of a token: at most those of its owner."""
    return scopes_now(token, owner.scopes)


def is_valid(context: ServiceContext, token: ApiToken) -> bool:
    """Tell whether a token is stored and has not ended; its owner is not looked up."""
    now = context.repositories.api_tokens.by_hash(token.token_hash)
    return now is not None and not now.has_ended(system_clock())
