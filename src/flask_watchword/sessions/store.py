"""The session store protocol, with the atomicity it requires."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from flask_watchword.sessions.requester import UNKNOWN_REQUESTER, Requester
from flask_watchword.sessions.revocation import Revocation, RevocationKind
from flask_watchword.sessions.session import Lifetimes, Session


@dataclass(frozen=True, slots=True)
class Batch:
    """A part of the revocation log.

    Attributes:
        entries: the new entries, oldest first; an entry may be returned more than once.
        cursor: where the next part begins, for :meth:`SessionStore.revocations`.
        epoch: identifies the lifetime of the store's data. Another epoch means that the store was
            wiped, so its log does not contain everything that was ever revoked.
        since: when this epoch began, seconds since the epoch, as far as the store can tell; the
            first ``now`` it was given is sufficient. Only its session
            shows whether an older token was revoked, and a wiped store has lost both.
    """

    entries: Sequence[Revocation]
    cursor: int
    epoch: str
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class LogPage:
    """A page of the revocation log, for a process that reads all of it.

    Most entries of a long log are about sessions and tokens. Their values and the times at which
    they expire are enough to apply them, and no object is made for each.

    Attributes:
        sessions: the ids of sessions, with the times at which their entries expire.
        tokens: the ids of tokens, likewise.
        others: the entries for subjects and keys.
        cursor: where the next page begins, for :meth:`SessionStore.log_pages` and
            :meth:`SessionStore.revocations`.
        epoch: as in :class:`Batch`.
        since: as in :class:`Batch`.
    """

    sessions: Sequence[tuple[str, float]]
    tokens: Sequence[tuple[str, float]]
    others: Sequence[Revocation]
    cursor: int
    epoch: str
    since: float = 0.0


#: The kinds of entries that are applied by their value alone.
VALUES_ONLY = frozenset({RevocationKind.SESSION, RevocationKind.TOKEN})


def page_of(batch: Batch) -> LogPage:
    """Return the entries of a batch as a page."""
    entries = batch.entries
    return LogPage(
        sessions=[(e.value, e.expires_at) for e in entries if e.kind is RevocationKind.SESSION],
        tokens=[(e.value, e.expires_at) for e in entries if e.kind is RevocationKind.TOKEN],
        others=[entry for entry in entries if entry.kind not in VALUES_ONLY],
        cursor=batch.cursor,
        epoch=batch.epoch,
        since=batch.since,
    )


#: How many sessions a store ends in one step. A subject may have a hundred thousand sessions when a
#: limit is introduced, and that must not block a store for seconds. The next logins end the rest.
MAX_ENDED_PER_CALL = 500

#: Seconds for which expired rows are kept before they are purged. Tokens are accepted for a leeway
#: past their expiry, and the clocks of machines that share a store differ: a row that has expired
#: for one of them may apply to a token that another still accepts.
RETENTION_SECONDS = 3_600.0


class SessionStore(Protocol):
    """Stores sessions and the revocation log.

    Every method is one atomic operation. It raises ``StoreUnavailable`` when the store does not
    respond, and has then changed nothing or everything. A method that writes has committed when it
    returns.
    """

    def start(self, session: Session, limit: int | None, lifetimes: Lifetimes) -> list[Session]:
        """Store a new session; end the subject's oldest sessions beyond ``limit``, and log that.

        Returns:
            The sessions that were ended, at most :data:`MAX_ENDED_PER_CALL`. Later calls end the
            others.
        """

    def rotate(
        self,
        session_id: str,
        generation: int,
        now: float,
        lifetimes: Lifetimes,
        requester: Requester = UNKNOWN_REQUESTER,
    ) -> Session | None:
        """Add one to the generation if it is ``generation`` and the session has not ended.

        One compare-and-swap: of any number of callers with the same generation one gets the
        updated session (``rotated_at`` is now, ``idle_until`` is extended, ``used_by`` is the
        requester) and all others get ``None``. ``shown_use_at`` becomes the previous
        ``rotated_at``, if that is older than ``lifetimes.concealed``. It writes one row and reads
        no other.
        """

    def record_repeat(
        self, session_id: str, generation: int, now: float, elsewhere: Requester | None
    ) -> Session | None:
        """Record that the current generation was issued again, if it is still the current one.

        One compare-and-swap: of any number of callers for one generation one gets the updated
        session, all others ``None``. Repeats from another device are recorded separately.

        Args:
            session_id: the session.
            generation: the current generation.
            now: seconds since the epoch.
            elsewhere: the other device when two use the session; ``None`` when it is one device.
        """

    def get(self, session_id: str) -> Session | None:
        """Return a session, whether it has ended or not; ``None`` when there is none."""

    def end(self, session_id: str, now: float, reason: str, lifetimes: Lifetimes) -> Session | None:
        """End a session and log its revocation, in one step.

        Returns:
            The session; ``None`` when there is none or it had been ended before.
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
        """End every session of a subject except ``keep``, and log that.

        This includes sessions that expired less than the leeway ago, whose tokens are still
        accepted. It works in steps of at most :data:`MAX_ENDED_PER_CALL` sessions. After
        ``StoreUnavailable`` some sessions may have ended, and the caller repeats the call.

        Sessions that fit in one step are logged by their ids. If there are more, one entry of
        :func:`all_sessions_revocation` is logged with the first step, and after it by their ids
        only sessions that are not older. ``keep`` is excepted from that entry by another one,
        unless it has ended. Once a concurrent call has logged a newer entry for the subject, which
        may except a session of this step, this call treats its next step as a first one.

        Without ``keep`` the subject itself is logged as well, for its tokens without a session:
        see :meth:`revoke`.

        Returns:
            The sessions that were ended.
        """

    def of_subject(self, subject: str, now: float) -> Sequence[Session]:
        """Return the sessions of a subject that have not ended, most recently used first."""

    def page_of_subject(
        self, subject: str, now: float, after: str | None, limit: int
    ) -> Sequence[Session]:
        """Return some of the sessions of a subject that have not ended, the newest login first.

        Args:
            subject: the subject.
            now: seconds since the epoch.
            after: the id of the last session of the previous page, which may have ended since;
                ``None`` for the first page. After the id of no session of the subject there are
                none.
            limit: how many at most.
        """

    def revoke(self, entry: Revocation) -> None:
        """Log a revocation.

        A revocation of a subject gets a later time than the previous ones of that subject, by
        :func:`~flask_watchword.sessions.revocation.later_than`.
        """

    def revocations(self, after: int, now: float) -> Batch:
        """Return the unexpired entries that were logged after a cursor; 0 for all of them."""

    def log_pages(self, after: int, now: float) -> Iterator[LogPage]:
        """Yield what :meth:`revocations` returns in pages, in any order; at least one page.

        For a process that has read little or nothing of a log that may be long.
        """

    def find_revocations(
        self,
        session_id: str | None,
        token_id: str | None,
        subject: str | None,
        key_id: str | None = None,
    ) -> Sequence[Revocation]:
        """Return the entries for a session, a token, a subject and a key.

        With a session this includes the entries for all sessions of the subject. Without one it
        does not, because one that keeps a session is incomplete without the session's entry.

        For a process whose own copy of the log is too old to be trusted.
        """

    def purge(self, now: float, limit: int) -> int:
        """Delete up to ``limit`` expired sessions and as many expired log entries.

        Returns:
            How many were deleted; 0 means that there is nothing left to delete.
        """

    def change_token(self) -> object:
        """Return a value that differs after each revocation this process can know of.

        Called for each request, so it must be cheap and do no I/O. A store that learns of other
        processes' revocations only in :meth:`wait_for_change` returns a constant.
        """

    def wait_for_change(self, seconds: float) -> None:
        """Return when something may have been logged, after ``seconds`` at the latest."""

    def stop_waiting(self) -> None:
        """Make :meth:`wait_for_change` return within a second.

        Takes no lock and does no I/O, so the garbage collector may call it at any point of any
        thread. Connections stay open until :meth:`close`.
        """

    def close(self) -> None:
        """Close the connections; wakes a thread in :meth:`wait_for_change`."""


def session_revocation(session: Session, now: float, lifetimes: Lifetimes) -> Revocation:
    """Return the entry that revokes every token of a session."""
    expires_at = session.tokens_until(now, lifetimes)
    return Revocation(RevocationKind.SESSION, session.id, now, expires_at)


def subject_revocation(subject: str, now: float, lifetimes: Lifetimes) -> Revocation:
    """Return the entry that revokes the tokens of a subject that belong to no session."""
    # The clock of a node that issued a token may be ahead by the leeway.
    revoked_at = now + lifetimes.leeway
    longest = max(lifetimes.access, lifetimes.detached) + lifetimes.leeway
    return Revocation(RevocationKind.SUBJECT, subject, revoked_at, revoked_at + longest)


def all_sessions_revocation(subject: str, now: float, lifetimes: Lifetimes) -> Revocation:
    """Return the entry that revokes the tokens of all sessions of a subject that are older.

    The claim ``auth_time`` has whole seconds, and the clock of a node that starts a session after
    ``now`` may be behind by the leeway: sessions of this time are revoked by their ids.
    """
    longest = max(lifetimes.absolute, lifetimes.idle, lifetimes.access) + lifetimes.leeway
    return Revocation(RevocationKind.SESSIONS, subject, now - lifetimes.leeway - 1.0, now + longest)


def kept_revocation(session_id: str, entry: Revocation) -> Revocation:
    """Return the entry that excepts a session from one for all sessions of its subject."""
    return replace(entry, kind=RevocationKind.KEPT, value=session_id)


def not_covered(ended: Iterable[Session], before: float | None) -> Sequence[Session]:
    """Return the sessions that an entry for all sessions before a time does not revoke."""
    return [one for one in ended if before is None or int(one.started_at) >= before]
