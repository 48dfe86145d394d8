"""Refresh a session: rotation, the grace period and reuse detection.

A refresh token has the current generation, or the previous one within the grace period (a retry, a
second tab, a lost response), or it has been used. A used refresh token means that there is a copy
of it. Nothing shows which of the two holders is the owner, so the session ends for both
(RFC 9700 section 4.14.2).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from flask_watchword.sessions.requester import UNKNOWN_REQUESTER, Requester
from flask_watchword.sessions.session import REFRESH_REUSED, Lifetimes, Session
from flask_watchword.sessions.store import SessionStore


class RefreshRejected(Exception):
    """A genuine refresh token that cannot be exchanged.

    Attributes:
        code: ``session_ended`` or ``refresh_reused``; stable.
        session: the session, if it exists.
        ended_now: whether this request ended it.
    """

    def __init__(self, code: str, session: Session | None, *, ended_now: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.session = session
        self.ended_now = ended_now


#: Does what :meth:`SessionStore.rotate` does.
Rotate: TypeAlias = Callable[[str, int, float, Lifetimes, Requester], Session | None]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A successful refresh.

    Attributes:
        session: the session, with the generation of the new refresh token.
        repeated: whether this generation had been issued before (a retry within the grace period).
        noted: whether this is the first retry for its generation, from this kind of device.
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
    requester: Requester = UNKNOWN_REQUESTER,
    rotate: Rotate | None = None,
) -> Refreshed:
    """Rotate a session for one of its refresh tokens.

    Args:
        store: where the session is stored.
        session_id: the token's ``sid``.
        generation: the token's ``gen``.
        now: seconds since the epoch.
        lifetimes: the lifetimes that apply to the session.
        requester: the sender of the request.
        rotate: called instead of ``store.rotate``, by a caller whose rotation also reads another
            table of the same database.

    Raises:
        RefreshRejected: when the session has ended, or ends now because the token was reused.
        StoreUnavailable: when the store does not respond. Nothing has changed, or a retry with the
            same token returns what this call would have returned.
    """
    session = (rotate or store.rotate)(session_id, generation, now, lifetimes, requester)
    if session is not None:
        return Refreshed(session, repeated=False)
    session = _active_session(store, session_id, now)
    if is_within_grace(session, generation, now, lifetimes.grace):
        return _repeat(store, session, now, requester)
    ended = store.end(session_id, now, REFRESH_REUSED, lifetimes)
    raise RefreshRejected(REFRESH_REUSED, ended or session, ended_now=ended is not None)


def dry_run(
    store: SessionStore, session_id: str, generation: int, now: float, lifetimes: Lifetimes
) -> Session:
    """Return the session that :func:`refresh` would return, without changing anything.

    Args:
        store: where the session is stored.
        session_id: the token's ``sid``.
        generation: the token's ``gen``.
        now: seconds since the epoch.
        lifetimes: the lifetimes that apply to the session.

    Raises:
        RefreshRejected: when the refresh would be rejected. A session whose token was reused is
            not ended.
        StoreUnavailable: when the store does not respond.
    """
    session = _active_session(store, session_id, now)
    is_current = generation == session.generation
    if not (is_current or is_within_grace(session, generation, now, lifetimes.grace)):
        raise RefreshRejected(REFRESH_REUSED, session)
    return session


def is_within_grace(session: Session, generation: int, now: float, grace: float) -> bool:
    """Tell whether a generation is the previous one and its grace period has not passed.

    The period starts with the first use and further uses do not extend it. Neither does a clock
    that was set back, or one of another machine that is behind.
    """
    if grace <= 0 or generation != session.generation - 1:
        return False
    return abs(now - session.rotated_at) <= grace


def _repeat(store: SessionStore, session: Session, now: float, requester: Requester) -> Refreshed:
    """Return the current generation again, and record that once for each of the two devices."""
    elsewhere = session.used_by.is_known and not requester.looks_like(session.used_by)
    recorded = session.repeated_elsewhere if elsewhere else session.repeated
    updated = None
    if recorded < session.generation:
        other = _other_device(session, requester) if elsewhere else None
        updated = store.record_repeat(session.id, session.generation, now, other)
    return Refreshed(updated or session, True, updated is not None, elsewhere)


def _other_device(session: Session, requester: Requester) -> Requester:
    """Return the device that the owner may not know: the one that does not match the login."""
    return session.used_by if requester.looks_like(session.signed_in_by) else requester


def _active_session(store: SessionStore, session_id: str, now: float) -> Session:
    session = store.get(session_id)
    if session is None or session.has_ended(now):
        raise RefreshRejected(_end_code(session), session)
    return session


def _end_code(session: Session | None) -> str:
    # A further replay after the session was ended for reuse gets the same code as the first.
    if session is not None and session.end_reason == REFRESH_REUSED:
        return REFRESH_REUSED
    return "session_ended"
