"""Refreshing: what a refresh token of some generation gets.

A refresh token is current, or the one before and just used (a retry, a second tab, a lost
answer), or spent. Spent means that it was copied: whoever of the two holders came second would
otherwise go unnoticed, so the session ends for both (RFC 9700 section 4.14.2).
"""

from dataclasses import dataclass

from flask_watchword.sessions.requester import Requester
from flask_watchword.sessions.session import REFRESH_REUSED, Lifetimes, Session
from flask_watchword.sessions.store import UNKNOWN, SessionStore


class RefreshRefused(Exception):
    """A genuine refresh token that gets nothing.

    Attributes:
        code: ``session_ended`` or ``refresh_reused``; stable.
        session: the session, where there is one.
        ended_now: whether this very request ended it.
    """

    def __init__(self, code: str, session: Session | None, *, ended_now: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.session = session
        self.ended_now = ended_now


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A refresh that was granted.

    Attributes:
        session: the session, whose generation the new pair carries.
        repeated: whether the same generation had been handed out before.
        noted: whether this is the first repeat of its generation, from where it comes.
        elsewhere: whether it comes from another network or user agent than the first use.
    """

    session: Session
    repeated: bool
    noted: bool = False
    elsewhere: bool = False


def refresh(
    store: SessionStore,
    session_id: str,
    generation: int,
    now: float,
    lifetimes: Lifetimes,
    requester: Requester = UNKNOWN,
) -> Refreshed:
    """Rotate a session for one of its refresh tokens.

    Args:
        store: where the session is.
        session_id: the token's ``sid``.
        generation: the token's ``gen``.
        now: seconds since the epoch.
        lifetimes: what the session is held to.
        requester: who sends the request.

    Raises:
        RefreshRefused: when the session is over, or is ended now because the token was reused.
        StoreUnavailable: when the store does not answer; nothing has changed, or the caller's
            next try with the same token gets what this one would have got.
    """
    session = store.rotate(session_id, generation, now, lifetimes, requester)
    if session is not None:
        return Refreshed(session, repeated=False)
    session = _living(store, session_id, now)
    if is_within_grace(session, generation, now, lifetimes.grace):
        return _repeated(store, session, now, requester)
    ended = store.end(session_id, now, REFRESH_REUSED, lifetimes)
    raise RefreshRefused(REFRESH_REUSED, ended or session, ended_now=ended is not None)


def dry_run(
    store: SessionStore, session_id: str, generation: int, now: float, lifetimes: Lifetimes
) -> Session:
    """Return the session that :func:`refresh` would rotate or tell again; change nothing.

    Args:
        store: where the session is.
        session_id: the token's ``sid``.
        generation: the token's ``gen``.
        now: seconds since the epoch.
        lifetimes: what the session is held to.

    Raises:
        RefreshRefused: when the refresh would be refused; of a token that was reused the session
            goes on for now.
        StoreUnavailable: when the store does not answer.
    """
    session = _living(store, session_id, now)
    is_current = generation == session.generation
    if not (is_current or is_within_grace(session, generation, now, lifetimes.grace)):
        raise RefreshRefused(REFRESH_REUSED, session)
    return session


def is_within_grace(session: Session, generation: int, now: float, grace: float) -> bool:
    """Tell whether a generation was the current one until just now.

    The window opens with the first use and is not renewed by further ones. A clock that was set
    back, or another machine's that is behind, makes it no longer than the grace either.
    """
    if grace <= 0 or generation != session.generation - 1:
        return False
    return abs(now - session.rotated_at) <= grace


def _repeated(store: SessionStore, session: Session, now: float, requester: Requester) -> Refreshed:
    """Hand out the current generation again, and note that once for each of the two devices."""
    elsewhere = session.used_by.is_known and not requester.looks_like(session.used_by)
    known = session.repeated_elsewhere if elsewhere else session.repeated
    noted = None
    if known < session.generation:
        other = _other_device(session, requester) if elsewhere else None
        noted = store.note_repeat(session.id, session.generation, now, other)
    return Refreshed(noted or session, True, noted is not None, elsewhere)


def _other_device(session: Session, requester: Requester) -> Requester:
    """Return which of the two devices the owner may not know: the one unlike the sign-in."""
    is_like_the_sign_in = requester.looks_like(session.signed_in_by)
    return session.used_by if is_like_the_sign_in else requester


def _living(store: SessionStore, session_id: str, now: float) -> Session:
    session = store.get(session_id)
    if session is None or session.is_over(now):
        raise RefreshRefused(_why_over(session), session)
    return session


def _why_over(session: Session | None) -> str:
    # Whoever replays after the session was ended for a replay learns the same as before.
    if session is not None and session.end_reason == REFRESH_REUSED:
        return REFRESH_REUSED
    return "session_ended"
