"""The context of one call of ``Sessions``, and the access and refresh token that it creates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app

from flask_watchword.extension.options.sessions import SessionOptions, read_session_options
from flask_watchword.extension.sessions.memory_store import report_other_processes
from flask_watchword.extension.sessions.revocation_feed import RevocationFeed
from flask_watchword.extension.sessions.signals import session_ended
from flask_watchword.extension.state import state_of
from flask_watchword.extension.tokens.creation import Claims, Fresh, create, identity_of
from flask_watchword.sessions.revocation import Revocation, RevocationKind
from flask_watchword.sessions.session import Session
from flask_watchword.sessions.store import SessionStore, session_revocation

SESSIONS_KEY = "flask-watchword-sessions"
NOT_INITIALIZED = "You must initialize Sessions with this flask application first"


def running_app() -> Flask:
    """Return the current application itself, not the proxy for it."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app


def revocation_feed(app: Flask) -> RevocationFeed:
    """Return an application's copy of the revocations.

    Raises:
        RuntimeError: when the application has no ``Sessions``.
    """
    feed: RevocationFeed | None = state_of(app).revocations
    if feed is None:
        raise RuntimeError(NOT_INITIALIZED)
    return feed


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The tokens of a login or a refresh.

    Attributes:
        access_token: for protected views.
        refresh_token: for the next refresh only.
        expires_in: lifetime of the access token in seconds.
        session_id: the ``sid`` of both.
    """

    access_token: str
    refresh_token: str
    expires_in: int
    session_id: str


class SessionContext:
    """The store, options and time of the current application, read once for each call."""

    def __init__(self) -> None:
        self.app = running_app()
        store: SessionStore | None = self.app.extensions.get(SESSIONS_KEY)
        state = state_of(self.app)
        if store is None or state.revocations is None:
            raise RuntimeError(NOT_INITIALIZED)
        report_other_processes(self.app, store)
        self.store = store
        self.feed: RevocationFeed = state.revocations
        self.manager = state.callbacks
        self.now = self.manager.clock()
        self.options: SessionOptions = read_session_options(self.app.config)
        self.lifetimes = self.options.lifetimes

    def subject_of(self, identity: Any) -> str:
        """Return the subject for an identity, as in tokens and in the store."""
        return str(identity_of(self.manager, identity))

    def all_tokens_until(self) -> float:
        """Return when the last token that exists now expires."""
        lifetimes = self.lifetimes
        longest = max(lifetimes.access, lifetimes.idle, lifetimes.detached)
        # Twice: the clock of the issuing node may be ahead, and expiry is checked with a leeway.
        return self.now + longest + 2 * lifetimes.leeway

    def revoke(self, entry: Revocation) -> None:
        """Log a revocation, and apply it in this process at once."""
        self.store.revoke(entry)
        self.apply(entry)

    def apply(self, entry: Revocation) -> None:
        """Apply a revocation that the store has logged in this process at once."""
        self.feed.add_local([entry])
        if entry.kind is RevocationKind.SUBJECT:
            self.feed.load_subject(entry.value)  # the store may have set a later time

    def publish_ended(self, ended: Sequence[Session]) -> None:
        """Reject the tokens of ended sessions in this process, and send the signal."""
        self.feed.add_local([session_revocation(one, self.now, self.lifetimes) for one in ended])
        for session in ended:
            session_ended.send(self.app, session=session)

    def token_pair(
        self, session: Session, identity: Any, fresh: Fresh, claims: Claims | None
    ) -> TokenPair:
        """Create the tokens of a session's current generation."""
        until = int(session.access_until(self.now, self.lifetimes))
        # Last, so that neither a loader nor the caller can override the claims of the session.
        own = {
            self.app.config["JWT_IDENTITY_CLAIM"]: session.subject,
            "sid": session.id,
            "auth_time": int(session.started_at),
        }
        access = {**(claims or {}), **own, "exp": until}
        if fresh is False:
            access["fresh"] = False
        refresh = {**own, "gen": session.generation, "exp": int(session.idle_until)}
        return TokenPair(
            access_token=create(identity, "access", access, fresh, subject=session.subject),
            refresh_token=create(identity, "refresh", refresh, subject=session.subject),
            expires_in=max(0, until - int(self.now)),
            session_id=session.id,
        )
