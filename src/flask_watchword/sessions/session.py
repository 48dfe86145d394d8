"""A session: one record for its whole life, and the lifetimes it is held to."""

import secrets
from dataclasses import dataclass

from flask_watchword.sessions.requester import Requester

#: Why a session has ended; what ``Session.end_reason`` says.
SIGNED_OUT = "signed_out"
SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
TOO_MANY = "too_many_sessions"
REFRESH_REUSED = "refresh_reused"

#: Bytes of randomness in a session's id.
ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long things live, all in seconds.

    Attributes:
        access: an access token; never longer than its session.
        idle: a session that nobody refreshes.
        absolute: a session, however often it is refreshed.
        grace: how long after the first use of a refresh token its successor is handed out again.
            0 takes every second use for a replay.
        detached: a token that belongs to no session.
        leeway: how long past its expiry a token is still accepted, since clocks differ.
    """

    access: float = 900.0
    idle: float = 604_800.0
    absolute: float = 2_592_000.0
    grace: float = 10.0
    detached: float = 2_592_000.0
    leeway: float = 0.0

    @property
    def concealed(self) -> float:
        """Seconds for which a refresh is shown to no client: longer than the grace period."""
        # Twice, as clocks of several machines differ.
        return max(60.0, 2 * self.grace)

    @property
    def shown_interval(self) -> float:
        """Seconds to which times of use are rounded down for clients.

        An hour, or less where a session may stay idle for a few hours only; at least ten times
        the grace period in any case.
        """
        return max(10 * self.grace, min(3_600.0, self.idle / 4))

    def idle_until(self, now: float, ends_at: float) -> float:
        """Return when a session used now ends unless it is refreshed; never past its end."""
        return min(now + self.idle, ends_at)


@dataclass(frozen=True, slots=True)
class Session:
    """A session as a store holds it. Moments are seconds since the epoch.

    Attributes:
        id: what tokens carry as ``sid``.
        subject: whose it is; what tokens carry as ``sub``.
        generation: the refresh token that is current; each rotation adds one.
        started_at: when its subject signed in, ``auth_time`` of its tokens.
        rotated_at: when the current generation was made, which is the first use of the one before.
        idle_until: when it ends unless it is refreshed.
        ends_at: when it ends in any case.
        address: where it was started from, for the subject's list of devices.
        agent: what it was started by, likewise.
        ended_at: when it was ended, ``None`` while it was not.
        end_reason: why.
        shown_use_at: the use before the last one, for clients that may not know of the last one
            yet (see :mod:`flask_watchword.sessions.listed`); ``None`` for the start.
        used_address: where the current generation was first handed out to.
        used_agent: the user agent it was first handed out to.
        repeated: the latest generation that was handed out again.
        repeated_elsewhere: the latest generation that was handed out again to another network or
            user agent.
        elsewhere_in_a_row: how many generations up to that one were, without a gap.
        elsewhere_at: when that happened.
        elsewhere_address: where the other device was: of the two the one unlike the sign-in.
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
        """Who signed in."""
        return Requester(self.address, self.agent)

    @property
    def used_by(self) -> Requester:
        """Who was first to get the current generation."""
        return Requester(self.used_address, self.used_agent)

    def is_over(self, now: float) -> bool:
        """Tell whether the session was ended or has outlived one of its lifetimes."""
        return self.ended_at is not None or now >= self.idle_until

    def access_until(self, now: float, lifetimes: Lifetimes) -> float:
        """Return when an access token that is made now expires; never after the session."""
        return min(now + lifetimes.access, self.idle_until)

    def tokens_until(self, now: float, lifetimes: Lifetimes) -> float:
        """Return when the last token that was handed out until now is refused for its age."""
        # Under a longer idle lifetime than today's a token may outlive today's idle end.
        return max(self.idle_until, min(now + lifetimes.access, self.ends_at)) + lifetimes.leeway


def new_session(
    subject: str, now: float, lifetimes: Lifetimes, *, address: str = "", agent: str = ""
) -> Session:
    """Return a session that starts now, with generation 1."""
    ends_at = now + lifetimes.absolute
    return Session(
        id=secrets.token_urlsafe(ID_BYTES),
        subject=subject,
        generation=1,
        started_at=now,
        rotated_at=now,
        idle_until=lifetimes.idle_until(now, ends_at),
        ends_at=ends_at,
        address=address,
        agent=agent,
        used_address=address,
        used_agent=agent,
    )
