"""Programs: what they are given to ask for access, and the access tokens they get for it."""

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

#: The claim by which a token of a program is told from one of a person (RFC 9068 section 2.2).
CLIENT_ID = "client_id"


def new_access_token(token: ApiToken, scopes: Collection[str], seconds: int) -> str:
    """Return an access token for a program.

    It is like any other, so that every view takes it and nobody has to ask where it comes from.
    It belongs to no session, is never fresh, cannot be refreshed and carries no role.

    Args:
        token: what the program has shown.
        scopes: what the access token may be used for.
        seconds: how long it is good.
    """
    claims = {CLIENT_ID: token.id}
    if scopes:
        claims["scope"] = " ".join(sorted(scopes))
    # A revocation of the same subject may have been made a moment ago, for another of its tokens.
    SessionContext().feed.load_subject(subject_of(token))
    life = timedelta(seconds=seconds)
    return create(None, "access", claims, expires_delta=life, subject=subject_of(token))


def seconds_of_access(context: ServiceContext, token: ApiToken, now: float) -> int:
    """Return how long an access token is good: not past the end of what it is traded for."""
    most = context.settings.access_token_seconds
    if token.expires_at is None:
        return most
    # Whole seconds, as the dates of a token are, and never none at all.
    return max(1, min(most, int(token.expires_at - now)))


def subject_of(token: ApiToken) -> str:
    """Return whom a token's access tokens are about.

    A client is itself (RFC 9068 section 2.2); a personal token stands for its owner.
    """
    return token.id if token.kind is ApiTokenKind.CLIENT else token.owner


def owner_of(context: ServiceContext, token: ApiToken) -> User | None:
    """Return who made a token, unless they are gone or disabled: then it is good for nothing."""
    owner = context.stores.users.by_id(token.owner)
    return None if owner is None or owner.is_disabled else owner


def scopes_of(token: ApiToken, owner: User) -> frozenset[str]:
    """Return what a token may be used for now: no more than its owner still may."""
    return scopes_now(token, owner.scopes)


def is_still_good(context: ServiceContext, token: ApiToken) -> bool:
    """Tell whether a token that was good a moment ago was neither revoked since nor its owner."""
    now = context.repositories.api_tokens.by_hash(token.token_hash)
    return (
        now is not None and not now.is_over(system_clock()) and owner_of(context, now) is not None
    )
