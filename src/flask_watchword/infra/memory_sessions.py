"""Sessions in the memory of this process, for applications with one process and for tests."""

import secrets
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from flask_watchword.infra.process_mark import ProcessMark
from flask_watchword.locks import PerProcess
from flask_watchword.sessions.requester import UNKNOWN_REQUESTER, Requester
from flask_watchword.sessions.revocation import Revocation, RevocationKind, later_than
from flask_watchword.sessions.session import TOO_MANY, Lifetimes, Session
from flask_watchword.sessions.store import (
    MAX_ENDED_PER_CALL,
    Batch,
    LogPage,
    all_sessions_revocation,
    kept_revocation,
    not_covered,
    page_of,
    session_revocation,
    subject_revocation,
)


class MemorySessionStore:
    """A session store in memory. One lock makes each method atomic.

    A forked child continues with its own copy.

    Attributes:
        processes: detects that another process uses such a copy.
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
        """Store a new session; end the subject's oldest beyond ``limit``."""
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
        """Record that the current generation was issued again, if it is still the current one."""
        with self._changed():
            session = self._sessions.get(session_id)
            if session is None or session.generation != generation or session.ended_at is not None:
                return None
            recorded = session.repeated if elsewhere is None else session.repeated_elsewhere
            if recorded >= generation:
                return None
            if elsewhere is None:
                changed = replace(session, repeated=generation)
            else:
                continues = session.repeated_elsewhere == generation - 1
                changed = replace(
                    session,
                    repeated_elsewhere=generation,
                    elsewhere_in_a_row=session.elsewhere_in_a_row + 1 if continues else 1,
                    elsewhere_at=now,
                    elsewhere_address=elsewhere.address,
                    elsewhere_agent=elsewhere.agent,
                )
            self._sessions[session_id] = changed
            return changed

    def get(self, session_id: str) -> Session | None:
        """Return a session, ended or not."""
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
            before = None
            if len(others) >= MAX_ENDED_PER_CALL:
                everything = all_sessions_revocation(subject, now, lifetimes)
                everything = later_than(everything, self._newest_of(everything))
                kept = self._sessions.get(keep or "")
                if kept is not None and kept.ended_at is None:
                    self._append([kept_revocation(kept.id, everything)])
                self._append([everything])
                before = everything.revoked_at
            ended = self._end(others, now, reason, lifetimes, before)
            if keep is None:
                self._append([subject_revocation(subject, now, lifetimes)])
            return ended

    def of_subject(self, subject: str, now: float) -> Sequence[Session]:
        """Return the live sessions of a subject, the last used first."""
        with self._changed():
            return sorted(self._live(subject, now), key=lambda s: s.rotated_at, reverse=True)

    def page_of_subject(
        self, subject: str, now: float, after: str | None, limit: int
    ) -> Sequence[Session]:
        """Return some of the live sessions of a subject, the newest login first."""
        with self._changed():
            live = sorted(self._live(subject, now), key=_login, reverse=True)
            if after is not None:
                last = self._sessions.get(after)
                if last is None or last.subject != subject:
                    return []
                live = [session for session in live if _login(session) < _login(last)]
            return live[:limit]

    def revoke(self, entry: Revocation) -> None:
        """Log a revocation."""
        with self._changed():
            self._append([entry])

    def revocations(self, after: int, now: float) -> Batch:
        """Return the live entries after a cursor."""
        with self._changed():
            new = self._log[bisect_right(self._log, after, key=_number) :]
            live = [entry for _, entry in new if entry.expires_at > now]
            if self._since is None:
                self._since = now
            return Batch(live, self._logged, self._epoch, self._since)

    def log_pages(self, after: int, now: float) -> Iterator[LogPage]:
        """Yield the live entries after a cursor as one page."""
        yield page_of(self.revocations(after, now))

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
            (RevocationKind.KEPT, session_id),
            (RevocationKind.SESSIONS, None if session_id is None else subject),
        }
        with self._changed():
            return [entry for _, entry in self._log if (entry.kind, entry.value) in wanted]

    def purge(self, now: float, limit: int) -> int:
        """Delete expired sessions and entries."""
        with self._changed():
            expired_ids = [s.id for s in self._sessions.values() if s.idle_until <= now][:limit]
            for session_id in expired_ids:
                del self._sessions[session_id]
            expired_items = [item for item in self._log if item[1].expires_at <= now][:limit]
            numbers = {number for number, _ in expired_items}
            self._log = [item for item in self._log if item[0] not in numbers]
            return len(expired_ids) + len(expired_items)

    def change_token(self) -> object:
        """Return the number of revocations that were ever logged."""
        return self._logged

    def wait_for_change(self, seconds: float) -> None:
        """Return when a revocation was logged, after ``seconds`` at the latest."""
        changed = self._changed()
        with changed:
            changed.wait(seconds)

    def stop_waiting(self) -> None:
        """Do nothing: a waiting thread holds no resources."""

    def close(self) -> None:
        """Wake waiting threads."""
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
        self,
        sessions: Iterable[Session],
        now: float,
        reason: str,
        lifetimes: Lifetimes,
        before: float | None = None,
    ) -> list[Session]:
        ended = [replace(session, ended_at=now, end_reason=reason) for session in sessions]
        for session in ended:
            self._sessions[session.id] = session
        logged = not_covered(ended, before)
        self._append([session_revocation(session, now, lifetimes) for session in logged])
        return ended

    def _newest_of(self, new: Revocation) -> float | None:
        about = (e for _, e in self._log if (e.kind, e.value) == (new.kind, new.value))
        return max((entry.revoked_at for entry in about), default=None)

    def _append(self, entries: Iterable[Revocation]) -> None:
        for entry in entries:
            if entry.kind is RevocationKind.SUBJECT:
                entry = later_than(entry, self._newest_of(entry))
            self._logged += 1
            self._log.append((self._logged, entry))
        self._changed().notify_all()


def _number(item: tuple[int, Revocation]) -> int:
    return item[0]


def _login(session: Session) -> tuple[float, str]:
    return session.started_at, session.id
