"""The steps of a trace that concern revocation: key, session, subject and token."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app

from flask_watchword.extension.errors import RevokedTokenError
from flask_watchword.extension.sessions.revocation_feed import (
    KEY_REVOKED,
    SESSION_ENDED,
    RevocationFeed,
    revocations_about,
)
from flask_watchword.extension.sessions.session_context import SESSIONS_KEY
from flask_watchword.extension.verification.current_token import CurrentToken
from flask_watchword.jose.durations import distance
from flask_watchword.jose.explain import Trace, shown
from flask_watchword.sessions.revocation import Revocation, RevocationKind, was_issued_before
from flask_watchword.sessions.session import REFRESH_REUSED, Session
from flask_watchword.sessions.store import SessionStore

#: The names of the steps, in the order in which the feed checks the kinds.
_STEPS = {
    RevocationKind.KEY: "key not revoked",
    RevocationKind.SESSION: "session",
    RevocationKind.SUBJECT: "subject not revoked",
    RevocationKind.TOKEN: "token not revoked",
}


def trace_revocations(
    trace: Trace, feed: RevocationFeed, current: CurrentToken | None, now: float
) -> None:
    """Ask the feed about a token once, and record its answer at the step that it belongs to.

    Raises:
        StoreUnavailable: when the store does not respond.
    """
    if trace.stopped or current is None:
        trace.skip(*_STEPS.values())
        return
    store: SessionStore = current_app.extensions[SESSIONS_KEY]
    claims, subject = current.verified.claims, current_app.config["JWT_IDENTITY_CLAIM"]
    found = revocations_about(store, claims, subject, current.verified.key_id)
    error, kind_of_error = None, None
    try:
        feed.check(current)
    except RevokedTokenError as rejected:
        error, kind_of_error = rejected, _kind_of(rejected, claims, found)

    def raise_error() -> None:
        if error is not None:
            raise error

    for kind, name in _STEPS.items():
        if kind is RevocationKind.SESSION:
            says = _describe_session(store, claims.get("sid"), now)
        elif kind is RevocationKind.SUBJECT:
            says = _describe_subject(found, claims, now)
        else:
            says = _describe_revocation(found, kind, now)
        trace.run(name, says, raise_error if kind is kind_of_error else lambda: None)


def _kind_of(
    error: RevokedTokenError, claims: Mapping[str, Any], found: Sequence[Revocation]
) -> RevocationKind:
    if error.code == KEY_REVOKED:
        return RevocationKind.KEY
    session = claims.get("sid")
    invalid = session is not None and not isinstance(session, str)
    if error.code in (SESSION_ENDED, REFRESH_REUSED) or invalid:
        return RevocationKind.SESSION
    is_token = any(entry.kind is RevocationKind.TOKEN for entry in found)
    return RevocationKind.TOKEN if is_token else RevocationKind.SUBJECT


def _describe_revocation(found: Sequence[Revocation], kind: RevocationKind, now: float) -> str:
    revoked_at = _newest(found, kind)
    return "not revoked" if revoked_at is None else f"revoked {distance(revoked_at, now)}"


def _describe_subject(found: Sequence[Revocation], claims: Mapping[str, Any], now: float) -> str:
    revoked_at = _newest(found, RevocationKind.SUBJECT)
    if revoked_at is None:
        return "not revoked"
    until = f"tokens without a session issued until {distance(revoked_at, now)} are revoked"
    if claims.get("sid") is not None:
        return f"{until}; this token has a session, so it is not affected"
    issued = claims.get("iat")
    if not isinstance(issued, (int, float)):
        return f"{until}; this token does not say when it was issued"
    later = "before it" if was_issued_before(claims, revoked_at) else "after it"
    return f"{until}; this token was issued {distance(issued, now)}, {later}"


def _newest(found: Sequence[Revocation], kind: RevocationKind) -> float | None:
    return max((entry.revoked_at for entry in found if entry.kind is kind), default=None)


def _describe_session(store: SessionStore, session_id: object, now: float) -> str:
    if session_id is None:
        return "belongs to no session"
    session = store.get(session_id) if isinstance(session_id, str) else None
    state = "not known" if session is None else _describe_state(session, now)
    return f"{shown(session_id)}: {state}"


def _describe_state(session: Session, now: float) -> str:
    start = f"started {distance(session.started_at, now)}, generation {session.generation}"
    if session.ended_at is not None:
        return f"{start}, ended {distance(session.ended_at, now)}: {session.end_reason}"
    if session.has_ended(now):
        return f"{start}, expired {distance(session.idle_until, now)}: not refreshed"
    return f"{start}, active, ends {distance(session.idle_until, now)} unless it is refreshed"
