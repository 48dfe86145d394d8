"""Sessions in this process's memory: for tests, and for applications of one process."""

import secrets
import threading
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace

from flask_watchword.infra.process_mark import ProcessMark
from flask_watchword.locks import PerProcess
from flask_watchword.sessions.requester import UNKNOWN_REQUESTER, Requester
from flask_watchword.sessions.revocation import Revocation, RevocationKind, later_than
from flask_watchword.sessions.session import TOO_MANY, Lifetimes, Session
from flask_watchword.sessions.store import (
    MAX_ENDED_PER_CALL,
    Batch,
    session_revocation,
    subject_revocation,
)


class MemorySessionStore:
    """A session store that lives and dies with the process; one lock makes each step atomic.

    The child of a fork goes on with a copy of its own.

    Attributes:
        processes: whether another process uses such a copy.
    """

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._log: list[tuple[int, Revocation]] = []
        self._logged = 0
        self._epoch = secrets.token_hex(8)
        self._since: float | None = None
        self._changed = PerProcess(lambda: threading.Condition(threading.Lock()))
        self.processes = ProcessMark()

    def start(self, session: Session, limit: int | None, lifetimes: Lifetimes) -> list[Session]:
        """Keep a new session; end the subject's oldest beyond ``limit``."""
        with self._changed():
            self._sessions[session.id] = session
            if limit is None:
                return []
            now = session.started_at
            live = sorted(self._live(session.subject, now), key=lambda s: s.started_at)
            others = [other for other in live if other.id != session.id]
            surplus = min(max(0, len(live) - limit), MAX_ENDED_PER_CALL)
            return self._end(others[:surplus], now, TOO_MANY, lifetimes)

    def rotate(
        self,
        session_id: str,
        generation: int,
        now: float,
        lifetimes: Lifetimes,
        requester: Requester = UNKNOWN_REQUESTER,
    ) -> Session | None:
        """Add one to the generation if it is ``generation`` and the session is not over."""
        with self._changed():
            session = self._sessions.get(session_id)
            if session is None or session.generation != generation or session.has_ended(now):
                return None
            is_old = session.rotated_at < now - lifetimes.concealed
            rotated = replace(
                session,
                shown_use_at=session.rotated_at if is_old else session.shown_use_at,
                used_address=requester.address,
                used_agent=requester.agent,
                generation=generation + 1,
                rotated_at=now,
                idle_until=lifetimes.idle_until(now, session.ends_at),
            )
            self._sessions[session_id] = rotated
            return rotated

    def record_repeat(
        self, session_id: str, generation: int, now: float, elsewhere: Requester | None
    ) -> Session | None:
        """Note that the current generation was handed out again, if it still is the current one."""
        with self._changed():
            session = self._sessions.get(session_id)
            if session is None or session.generation != generation or session.ended_at is not None:
                return None
            known = session.repeated if elsewhere is None else session.repeated_elsewhere
            if known >= generation:
                return None
            if elsewhere is None:
                noted = replace(session, repeated=generation)
            else:
                goes_on = session.repeated_elsewhere == generation - 1
                noted = replace(
                    session,
                    repeated_elsewhere=generation,
                    elsewhere_in_a_row=session.elsewhere_in_a_row + 1 if goes_on else 1,
                    elsewhere_at=now,
                    elsewhere_address=elsewhere.address,
                    elsewhere_agent=elsewhere.agent,
                )
            self._sessions[session_id] = noted
            return noted

    def get(self, session_id: str) -> Session | None:
        """Return a session, over or not."""
        with self._changed():
            return self._sessions.get(session_id)

    def end(self, session_id: str, now: float, reason: str, lifetimes: Lifetimes) -> Session | None:
        """End a session and log its revocation."""
        with self._changed():
            session = self._sessions.get(session_id)
            if session is None or session.ended_at is not None:
                return None
            return self._end([session], now, reason, lifetimes)[0]

    def end_all(
        self,
        subject: str,
        now: float,
        reason: str,
        lifetimes: Lifetimes,
        *,
        keep: str | None = None,
    ) -> list[Session]:
        """End every session of a subject but ``keep``, and log that."""
        with self._changed():
            with_tokens = self._live(subject, now - lifetimes.leeway)
            others = [session for session in with_tokens if session.id != keep]
            ended = self._end(others, now, reason, lifetimes)
            if keep is None:
                self._append([subject_revocation(subject, now, lifetimes)])
            return ended

    def of_subject(self, subject: str, now: float) -> Sequence[Session]:
        """Return the sessions of a subject that are not over, the one used last first."""
        with self._changed():
            return sorted(self._live(subject, now), key=lambda s: s.rotated_at, reverse=True)

    def revoke(self, entry: Revocation) -> None:
        """Log a revocation."""
        with self._changed():
            self._append([entry])

    def revocations(self, after: int, now: float) -> Batch:
        """Return what was logged behind a cursor and lives still."""
        with self._changed():
            new = self._log[bisect_right(self._log, after, key=_number) :]
            live = [entry for _, entry in new if entry.expires_at > now]
            if self._since is None:
                self._since = now
            return Batch(live, self._logged, self._epoch, self._since)

    def find_revocations(
        self,
        session_id: str | None,
        token_id: str | None,
        subject: str | None,
        key_id: str | None = None,
    ) -> Sequence[Revocation]:
        """Return the entries about a session, a token, a subject and a key."""
        wanted = {
            (RevocationKind.SESSION, session_id),
            (RevocationKind.TOKEN, token_id),
            (RevocationKind.SUBJECT, subject),
            (RevocationKind.KEY, key_id),
        }
        with self._changed():
            return [entry for _, entry in self._log if (entry.kind, entry.value) in wanted]

    def purge(self, now: float, limit: int) -> int:
        """Delete sessions and entries that can concern nobody any more."""
        with self._changed():
            over = [s.id for s in self._sessions.values() if s.idle_until <= now][:limit]
            for session_id in over:
                del self._sessions[session_id]
            expired = [item for item in self._log if item[1].expires_at <= now][:limit]
            gone = {number for number, _ in expired}
            self._log = [item for item in self._log if item[0] not in gone]
            return len(over) + len(expired)

    def change_token(self) -> object:
        """Return how many revocations were ever logged."""
        return self._logged

    def wait_for_change(self, seconds: float) -> None:
        """Return when something was logged, after ``seconds`` at the latest."""
        changed = self._changed()
        with changed:
            changed.wait(seconds)

    def stop_waiting(self) -> None:
        """Do nothing: waiting holds nothing that has to be given back."""

    def close(self) -> None:
        """Wake whoever waits."""
        changed = self._changed()
        with changed:
            changed.notify_all()

    def _live(self, subject: str, now: float) -> Iterable[Session]:
        return [
            session
            for session in self._sessions.values()
            if session.subject == subject and not session.has_ended(now)
        ]

    def _end(
        self, sessions: Iterable[Session], now: float, reason: str, lifetimes: Lifetimes
    ) -> list[Session]:
        ended = [replace(session, ended_at=now, end_reason=reason) for session in sessions]
        for session in ended:
            self._sessions[session.id] = session
        self._append([session_revocation(session, now, lifetimes) for session in ended])
        return ended

    def _newest_of(self, subject: str) -> float | None:
        about = (entry for _, entry in self._log if entry.kind is RevocationKind.SUBJECT)
        return max((entry.revoked_at for entry in about if entry.value == subject), default=None)

    def _append(self, entries: Iterable[Revocation]) -> None:
        for entry in entries:
            if entry.kind is RevocationKind.SUBJECT:
                entry = later_than(entry, self._newest_of(entry.value))
            self._logged += 1
            self._log.append((self._logged, entry))
        self._changed().notify_all()


def _number(item: tuple[int, Revocation]) -> int:
    return item[0]
