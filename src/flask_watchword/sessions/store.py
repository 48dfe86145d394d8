"""What sessions need of a store, with the atomicity they need it with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from flask_watchword.sessions.requester import Requester
from flask_watchword.sessions.revocation import Kind, Revocation
from flask_watchword.sessions.session import Lifetimes, Session


@dataclass(frozen=True, slots=True)
class Batch:
    """A part of the revocation log.

    Attributes:
        entries: what was added, oldest first; each at least once, some perhaps again.
        cursor: where the next part begins, for :meth:`SessionStore.revocations`.
        epoch: which life of the store this is: another one means that the store was wiped and
            that what it says is not all that was ever revoked.
        since: when this life began, seconds since the epoch, as far as the store can tell; the
            first ``now`` it was given will do. Of a token that is older only its session tells
            whether it was revoked: a wiped store has lost both.
    """

    entries: Sequence[Revocation]
    cursor: int
    epoch: str
    since: float = 0.0


#: How many sessions a store ends in one step. A subject who has a hundred thousand of them when a
#: limit is set must not keep a store busy for seconds: each start ends so many.
MOST_ENDED = 1_000

#: Seconds that what is over is kept before it is purged. Tokens are accepted for a leeway past
#: their end, and machines whose clocks differ share a store: what one of them takes for over may
#: concern a token that another still accepts.
KEPT_PAST_END = 3_600.0


#: Of a request of which nothing is known.
UNKNOWN = Requester()


class SessionStore(Protocol):
    """Keeps sessions and the log of revocations.

    Every method is one atomic step, raises ``StoreUnavailable`` when the store does not answer,
    and has then changed nothing or all. Methods that write have committed when they return.
    """

    def start(self, session: Session, limit: int | None, lifetimes: Lifetimes) -> list[Session]:
        """Keep a new session; end the subject's oldest beyond ``limit``, and log that.

        Returns:
            The sessions that were ended: :data:`MOST_ENDED` of them at most, the others by the
            next starts.
        """

    def rotate(
        self,
        session_id: str,
        generation: int,
        now: float,
        lifetimes: Lifetimes,
        requester: Requester = UNKNOWN,
    ) -> Session | None:
        """Add one to the generation if it is ``generation`` and the session is not over.

        One compare-and-swap: of any number of callers with the same generation one gets the
        session as it is afterwards (``rotated_at`` is now, ``idle_until`` moved on, ``used_by`` is
        the requester) and all others get ``None``. ``shown_use_at`` becomes the ``rotated_at``
        there was, if that is older than ``lifetimes.concealed``. It writes one row and reads no
        other.
        """

    def note_repeat(
        self, session_id: str, generation: int, now: float, elsewhere: Requester | None
    ) -> Session | None:
        """Note that the current generation was handed out again, if it still is the current one.

        One compare-and-swap: of any number of callers for one generation one gets the session as
        it is afterwards, all others ``None``. Repeats from elsewhere are noted apart.

        Args:
            session_id: of the session.
            generation: the current generation.
            now: seconds since the epoch.
            elsewhere: the other device where two use the session; ``None`` where it is one.
        """

    def get(self, session_id: str) -> Session | None:
        """Return a session, over or not; ``None`` where there is none."""

    def end(self, session_id: str, now: float, reason: str, lifetimes: Lifetimes) -> Session | None:
        """End a session and log its revocation, in one step.

        Returns:
            The session; ``None`` where there is none or it had been ended before.
        """

    def end_all(
        self,
        subject: str,
        now: float,
        reason: str,
        lifetimes: Lifetimes,
        *,
        keep: str | None = None,
    ) -> list[Session]:
        """End every session of a subject but ``keep``, and log that.

        Those too that are over by less than the leeway, for which their tokens are accepted still.
        In steps of :data:`MOST_ENDED` sessions or more. Whoever is told that the store does not
        answer may find that some have ended, and asks again.

        Without ``keep`` the subject itself is logged as well, for its tokens without a session:
        see :meth:`revoke`.

        Returns:
            The sessions that were ended.
        """

    def of_subject(self, subject: str, now: float) -> Sequence[Session]:
        """Return the sessions of a subject that are not over, the one used last first."""

    def revoke(self, entry: Revocation) -> None:
        """Log a revocation.

        Of a subject each has a later moment than those before, by
        :func:`~flask_watchword.sessions.revocation.later_than`.
        """

    def revocations(self, after: int, now: float) -> Batch:
        """Return what was logged behind a cursor and lives still; 0 for all of it."""

    def find_revocations(
        self,
        session_id: str | None,
        token_id: str | None,
        subject: str | None,
        key_id: str | None = None,
    ) -> Sequence[Revocation]:
        """Return the entries about a session, a token, a subject and a key.

        For a process whose own copy of the log is too old to be trusted.
        """

    def purge(self, now: float, limit: int) -> int:
        """Delete up to ``limit`` sessions and as many entries that can concern nobody any more.

        Returns:
            How many were deleted; 0 means that nothing is left to delete.
        """

    def change_mark(self) -> object:
        """Return a value that is another one after each revocation this process can know of.

        Asked at each request, so it costs next to nothing and does no I/O. A store that learns of
        other processes' revocations by waiting alone returns a constant.
        """

    def wait_for_change(self, seconds: float) -> None:
        """Return when something may have been logged, after ``seconds`` at the latest."""

    def stop_waiting(self) -> None:
        """Have :meth:`wait_for_change` return soon, within a second.

        Takes no lock and does no I/O, so the garbage collector may call it at any point of any
        thread. What is open stays open until :meth:`close`.
        """

    def close(self) -> None:
        """Give back connections; wakes whoever waits."""


def session_revocation(session: Session, now: float, lifetimes: Lifetimes) -> Revocation:
    """Return the entry that revokes every token of a session."""
    return Revocation(Kind.SESSION, session.id, now, session.tokens_until(now, lifetimes))


def subject_revocation(subject: str, now: float, lifetimes: Lifetimes) -> Revocation:
    """Return the entry that revokes the tokens of a subject that belong to no session."""
    # The clock of a node that issued a token may be ahead by the leeway.
    moment = now + lifetimes.leeway
    longest = max(lifetimes.access, lifetimes.detached) + lifetimes.leeway
    return Revocation(Kind.SUBJECT, subject, moment, moment + longest)
