"""A session as clients may see it.

Who has a copy of a session's tokens may list its sessions too. A list that showed when the owner
refreshes would tell a thief when the refresh token before works once more (the grace period), and
so how to follow the owner without ever being noticed. So a refresh shows only after the grace
period, and then to the hour: neither by a time, nor by the order of the list.
"""

from dataclasses import dataclass

from flask_watchword.sessions.session import Lifetimes, Session


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session for its owner's list of devices. Times are seconds since the epoch.

    Attributes:
        id: what tokens carry as ``sid``; ends the session.
        subject: whose session it is.
        started_at: when its subject signed in.
        last_seen_at: when it was last refreshed, rounded down (:attr:`Lifetimes.shown_interval`);
            a refresh shows once the grace period has passed.
        expires_at: when it ends unless it is refreshed, derived from ``last_seen_at``.
        address: IP address of the sign-in.
        agent: user agent of the sign-in.
        elsewhere_at: when a refresh token was last repeated from another network or user agent,
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
    """Return a session as clients may see it.

    Args:
        session: the session.
        now: seconds since the epoch.
        lifetimes: the grace period, and how long the session may stay idle.
    """
    used = session.rotated_at
    if abs(now - used) <= lifetimes.concealed:
        used = session.shown_use_at or session.started_at
    last_seen = _rounded(used, session, lifetimes)
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


def _rounded(moment: float, session: Session, lifetimes: Lifetimes) -> float:
    interval = lifetimes.shown_interval
    return max(session.started_at, moment // interval * interval)
