"""A session: one record for its whole lifetime, and the lifetimes that apply to it."""

import secrets
from dataclasses import dataclass

from flask_watchword.sessions.requester import UNKNOWN_REQUESTER, Requester

#: Values of ``Session.end_reason``.
SIGNED_OUT = "signed_out"
SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
TOO_MANY = "too_many_sessions"
REFRESH_REUSED = "refresh_reused"

#: Random bytes in a session id.
ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Lifetimes, all in seconds.

    Attributes:
        access: of an access token; it never outlives its session.
        idle: of a session without a refresh.
        absolute: of a session, however often it is refreshed.
        grace: how long after the first use of a refresh token a retry gets the same successor.
            0 treats every second use as a replay.
        detached: of a token without a session.
        leeway: how long after its expiry a token is still accepted, because clocks differ.
    """

    access: float = 900.0
    idle: float = 604_800.0
    absolute: float = 2_592_000.0
    grace: float = 10.0
    detached: float = 2_592_000.0
    leeway: float = 0.0

    @property
    def concealed(self) -> float:
        """Seconds for which a refresh is hidden from clients: longer than the grace period."""
        # Twice the grace period, because the clocks of several machines differ.
        return max(60.0, 2 * self.grace)

    @property
    def shown_interval(self) -> float:
        """Seconds to which the times shown to clients are rounded down.

        One hour, or less when the idle lifetime is only a few hours; in any case at least ten times
        the grace period.
        """
        return max(10 * self.grace, min(3_600.0, self.idle / 4))

    def idle_until(self, now: float, ends_at: float) -> float:
        """Return when a session used now ends unless it is refreshed; never after ``ends_at``."""
        return min(now + self.idle, ends_at)


@dataclass(frozen=True, slots=True)
class Session:
    """A session as a store holds it. Times are seconds since the epoch.

    Attributes:
        id: the ``sid`` of its tokens.
        subject: the subject it belongs to; the ``sub`` of its tokens.
        generation: of the current refresh token; each rotation adds one.
        started_at: when the subject logged in; the ``auth_time`` of its tokens.
        rotated_at: when the current generation was issued, which is the first use of the previous
            one.
        idle_until: when it ends unless it is refreshed.
        ends_at: when it ends in any case.
        address: IP address of the login, for the subject's list of devices.
        agent: user agent of the login, for the same list.
        ended_at: when it was ended; ``None`` when it was not.
        end_reason: why it was ended.
        shown_use_at: the use before the last one, for clients that may not see the last one yet
            (see :mod:`flask_watchword.sessions.listed`); ``None`` means the start.
        used_address: IP address to which the current generation was first issued.
        used_agent: user agent to which it was first issued.
        repeated: the latest generation that was issued again.
        repeated_elsewhere: the latest generation that was issued again to another network or user
            agent.
        elsewhere_in_a_row: how many consecutive generations up to that one were.
        elsewhere_at: when that happened.
        elsewhere_address: IP address of the other device: of the two, the one unlike the login.
        elsewhere_agent: its user agent.
    """

    id: str
    subject: str
    generation: int
    started_at: float
    rotated_at: float
    idle_until: float
    ends_at: float
    address: str = ""
    agent: str = ""
    ended_at: float | None = None
    end_reason: str | None = None
    shown_use_at: float | None = None
    used_address: str = ""
    used_agent: str = ""
    repeated: int = 0
    repeated_elsewhere: int = 0
    elsewhere_in_a_row: int = 0
    elsewhere_at: float | None = None
    elsewhere_address: str = ""
    elsewhere_agent: str = ""

    @property
    def signed_in_by(self) -> Requester:
        """The sender of the login request."""
        return Requester(self.address, self.agent)

    @property
    def used_by(self) -> Requester:
        """The requester to which the current generation was first issued."""
        return Requester(self.used_address, self.used_agent)

    def has_ended(self, now: float) -> bool:
        """Tell whether the session was ended or has outlived one of its lifetimes."""
        return self.ended_at is not None or now >= self.idle_until

    def access_until(self, now: float, lifetimes: Lifetimes) -> float:
        """Return when an access token issued now expires; never after the session."""
        return min(now + lifetimes.access, self.idle_until)

    def tokens_until(self, now: float, lifetimes: Lifetimes) -> float:
        """Return when the last token issued until now is rejected because of its age."""
        # If the idle lifetime was longer when the token was issued, the token may outlive the
        # session's present idle end.
        return max(self.idle_until, min(now + lifetimes.access, self.ends_at)) + lifetimes.leeway


def new_session(
    subject: str, now: float, lifetimes: Lifetimes, requester: Requester = UNKNOWN_REQUESTER
) -> Session:
    """Return a new session that starts now, with generation 1, for the sender of a login."""
    ends_at = now + lifetimes.absolute
    return Session(
        id=secrets.token_urlsafe(ID_BYTES),
        subject=subject,
        generation=1,
        started_at=now,
        rotated_at=now,
        idle_until=lifetimes.idle_until(now, ends_at),
        ends_at=ends_at,
        address=requester.address,
        agent=requester.agent,
        used_address=requester.address,
        used_agent=requester.agent,
    )
