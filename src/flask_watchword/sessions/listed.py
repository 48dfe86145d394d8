"""The view of a session that is safe to show to clients.

Anyone with a copy of a session's tokens can list its sessions, too. A list that showed the exact
time of each refresh would tell a thief when the previous refresh token works once more (during the
grace period), and so how to follow the owner unnoticed. A refresh therefore becomes visible only
after the grace period, and its time is rounded down to the hour; neither the times nor the order of
the list reveal more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask_watchword.sessions.session import Lifetimes, Session


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session as its owner's list of devices shows it. Times are seconds since the epoch.

    Attributes:
        id: the ``sid`` of its tokens; can be passed to ``end``.
        subject: the subject it belongs to.
        started_at: when the subject logged in.
        last_seen_at: when it was last refreshed, rounded down (:attr:`Lifetimes.shown_interval`);
            a refresh becomes visible once the grace period has passed.
        expires_at: when it ends unless it is refreshed, derived from ``last_seen_at``.
        address: IP address of the login.
        agent: user agent of the login.
        elsewhere_at: when a refresh token was last reused from another network or user agent,
            rounded in the same way; ``None`` if never.
        elsewhere_address: IP address of that other device.
        elsewhere_agent: its user agent.
    """

    id: str
    subject: str
    started_at: float
    last_seen_at: float
    expires_at: float
    address: str
    agent: str
    elsewhere_at: float | None
    elsewhere_address: str
    elsewhere_agent: str


def listed(session: Session, now: float, lifetimes: Lifetimes) -> ListedSession:
    """Return the view of a session that clients may see.

    Args:
        session: the session.
        now: seconds since the epoch.
        lifetimes: the grace period and the idle lifetime.
    """
    used_at = session.rotated_at
    if abs(now - used_at) <= lifetimes.concealed:
        used_at = session.shown_use_at or session.started_at
    last_seen = _rounded(used_at, session, lifetimes)
    elsewhere = session.elsewhere_at
    return ListedSession(
        id=session.id,
        subject=session.subject,
        started_at=session.started_at,
        last_seen_at=last_seen,
        expires_at=min(last_seen + lifetimes.idle, session.ends_at),
        address=session.address,
        agent=session.agent,
        elsewhere_at=None if elsewhere is None else _rounded(elsewhere, session, lifetimes),
        elsewhere_address=session.elsewhere_address,
        elsewhere_agent=session.elsewhere_agent,
    )


def last_seen_first(sessions: Iterable[ListedSession]) -> Sequence[ListedSession]:
    """Return sessions in the order in which clients may see them.

    It depends on the rounded times only: the order must not reveal more than they do.
    """
    return sorted(sessions, key=lambda one: (one.last_seen_at, one.started_at), reverse=True)


def _rounded(timestamp: float, session: Session, lifetimes: Lifetimes) -> float:
    interval = lifetimes.shown_interval
    return max(session.started_at, timestamp // interval * interval)
