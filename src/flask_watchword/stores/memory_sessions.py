"""Sessions in this process's memory: for tests, and for applications of one process."""

import secrets
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace

from flask_watchword.sessions.revocation import Kind, Revocation
from flask_watchword.sessions.session import TOO_MANY, Lifetimes, Session
from flask_watchword.sessions.store import Batch, session_revocation, subject_revocation


class MemorySessionStore:
    """A session store that lives and dies with the process; one lock makes each step atomic."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._log: list[Revocation] = []
        self._dropped = 0
        self._epoch = secrets.token_hex(8)
        self._since: float | None = None
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)

    def start(self, session: Session, limit: int | None, lifetimes: Lifetimes) -> list[Session]:
        """Keep a new session; end the subject's oldest beyond ``limit``."""
        with self._lock:
            self._sessions[session.id] = session
            if limit is None:
                return []
            now = session.started_at
            live = sorted(self._live(session.subject, now), key=lambda s: s.started_at)
            others = [other for other in live if other.id != session.id]
            return self._end(others[: max(0, len(live) - limit)], now, TOO_MANY, lifetimes)

    def rotate(
        self, session_id: str, generation: int, now: float, lifetimes: Lifetimes
    ) -> Session | None:
        """Add one to the generation if it is ``generation`` and the session is not over."""
        with self._lock:
            session = self._sessions.get(session_id)
            if session is None or session.generation != generation or session.is_over(now):
                return None
            rotated = replace(
                session,
                generation=generation + 1,
                rotated_at=now,
                idle_until=lifetimes.idle_until(now, session.ends_at),
            )
            self._sessions[session_id] = rotated
            return rotated

    def get(self, session_id: str) -> Session | None:
        """Return a session, over or not."""
        with self._lock:
            return self._sessions.get(session_id)

    def end(self, session_id: str, now: float, reason: str, lifetimes: Lifetimes) -> Session | None:
        """End a session and log its revocation."""
        with self._lock:
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
        with self._lock:
            live = [session for session in self._live(subject, now) if session.id != keep]
            ended = self._end(live, now, reason, lifetimes)
            if keep is None:
                self._append([subject_revocation(subject, now, lifetimes)])
            return ended

    def of_subject(self, subject: str, now: float) -> Sequence[Session]:
        """Return the sessions of a subject that are not over, the one used last first."""
        with self._lock:
            return sorted(self._live(subject, now), key=lambda s: s.rotated_at, reverse=True)

    def revoke(self, entry: Revocation) -> None:
        """Log a revocation."""
        with self._lock:
            self._append([entry])

    def revocations(self, after: int, now: float) -> Batch:
        """Return what was logged behind a cursor and lives still."""
        with self._lock:
            entries = self._log[max(0, after - self._dropped) :]
            live = [entry for entry in entries if entry.until > now]
            if self._since is None:
                self._since = now
            return Batch(live, self._dropped + len(self._log), self._epoch, self._since)

    def find_revocations(
        self, session_id: str | None, token_id: str | None, subject: str | None
    ) -> Sequence[Revocation]:
        """Return the entries about a session, a token and a subject."""
        wanted = {(Kind.SESSION, session_id), (Kind.TOKEN, token_id), (Kind.SUBJECT, subject)}
        with self._lock:
            return [entry for entry in self._log if (entry.kind, entry.value) in wanted]

    def purge(self, now: float, limit: int) -> int:
        """Delete sessions and entries that can concern nobody any more."""
        with self._lock:
            over = [s.id for s in self._sessions.values() if s.idle_until <= now][:limit]
            for session_id in over:
                del self._sessions[session_id]
            # From the front only, so that cursors go on counting; what is stuck behind a longer
            # life is left out by `revocations` already.
            expired = 0
            while expired < min(limit, len(self._log)) and self._log[expired].until <= now:
                expired += 1
            del self._log[:expired]
            self._dropped += expired
            return len(over) + expired

    def change_mark(self) -> object:
        """Return how many revocations were ever logged."""
        return self._dropped + len(self._log)

    def wait_for_change(self, seconds: float) -> None:
        """Return when something was logged, after ``seconds`` at the latest."""
        with self._changed:
            self._changed.wait(seconds)

    def close(self) -> None:
        """Wake whoever waits."""
        with self._changed:
            self._changed.notify_all()

    def _live(self, subject: str, now: float) -> Iterable[Session]:
        return [
            session
            for session in self._sessions.values()
            if session.subject == subject and not session.is_over(now)
        ]

    def _end(
        self, sessions: Iterable[Session], now: float, reason: str, lifetimes: Lifetimes
    ) -> list[Session]:
        ended = [replace(session, ended_at=now, end_reason=reason) for session in sessions]
        for session in ended:
            self._sessions[session.id] = session
        self._append([session_revocation(session, now, lifetimes) for session in ended])
        return ended

    def _append(self, entries: Iterable[Revocation]) -> None:
        self._log.extend(entries)
        self._changed.notify_all()
