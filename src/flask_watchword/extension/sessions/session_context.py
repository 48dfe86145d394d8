"""What every call of ``Sessions`` works with, and the pair of tokens that it makes."""

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


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a sign-in or a refresh is answered with.

    Attributes:
        access_token: for protected views.
        refresh_token: for the next refresh, and for no other.
        expires_in: seconds that the access token lives.
        session_id: what both carry as ``sid``.
    """

    access_token: str
    refresh_token: str
    expires_in: int
    session_id: str


class SessionContext:
    """Everything that one call needs of the current application, at one moment."""

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
        """Return the subject that an identity has in tokens and in the store."""
        return str(identity_of(self.manager, identity))

    def all_tokens_until(self) -> float:
        """Return when the last token that there may be now has expired."""
        lives = self.lifetimes
        # Once for a clock that is ahead at the node that issued it, once for accepting it later.
        return self.now + max(lives.access, lives.idle, lives.detached) + 2 * lives.leeway

    def revoke(self, entry: Revocation) -> None:
        """Log a revocation, and know it in this process at once."""
        self.store.revoke(entry)
        self.feed.add_local([entry])
        if entry.kind is RevocationKind.SUBJECT:
            self.feed.load_subject(entry.value)  # the store may have moved it on

    def publish_ended(self, ended: Sequence[Session]) -> None:
        """Refuse the tokens of sessions that were ended, from now on; say so by the signal."""
        self.feed.add_local([session_revocation(one, self.now, self.lifetimes) for one in ended])
        for session in ended:
            session_ended.send(self.app, session=session)

    def pair(
        self, session: Session, identity: Any, fresh: Fresh, claims: Claims | None
    ) -> TokenPair:
        """Make the tokens of a session's current generation."""
        until = int(session.access_until(self.now, self.lifetimes))
        # Last, so that neither a loader nor a caller changes what the session rests on.
        own = {self.app.config["JWT_IDENTITY_CLAIM"]: session.subject, "sid": session.id}
        access = {**(claims or {}), **own, "auth_time": int(session.started_at), "exp": until}
        if fresh is False:
            access["fresh"] = False
        spare = {**own, "gen": session.generation, "exp": int(session.idle_until)}
        return TokenPair(
            access_token=create(identity, "access", access, fresh, subject=session.subject),
            refresh_token=create(identity, "refresh", spare, subject=session.subject),
            expires_in=max(0, until - int(self.now)),
            session_id=session.id,
        )
