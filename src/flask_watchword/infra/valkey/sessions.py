"""Sessions in Valkey or Redis: one hash per session, and the revocation log."""

import math
import secrets
from collections.abc import Iterator, Sequence
from typing import Any, Self

from flask_watchword.infra.valkey.change_subscription import ChangeSubscription
from flask_watchword.infra.valkey.client import Client, Server, client_opener, prefix_of
from flask_watchword.infra.valkey.rows import (
    entry_name,
    entry_of,
    moment,
    names_and_times,
    others_of,
    session_fields,
    session_of,
    sessions_of,
    text,
    values_of,
)
from flask_watchword.infra.valkey.scripts import SESSION_FIELDS
from flask_watchword.sessions.requester import UNKNOWN_REQUESTER, Requester
from flask_watchword.sessions.revocation import Revocation, RevocationKind
from flask_watchword.sessions.session import TOO_MANY, Lifetimes, Session
from flask_watchword.sessions.store import (
    MAX_ENDED_PER_CALL,
    Batch,
    LogPage,
    all_sessions_revocation,
    page_of,
    subject_revocation,
)

#: Entries that one script returns, so that it blocks the server for a few milliseconds at most.
PAGE = 1_000
#: The same for entries without their values, which take less time.
LOADED_PAGE = 5_000


class ValkeySessionStore:
    """A session store in which each method is one script, on one server or in a cluster.

    The prefix is the hash tag of all keys, so a cluster keeps them in one slot: one primary
    executes all scripts, and each method is as atomic as on a single server. Acknowledged writes
    are as durable as the configuration of the server makes them (``appendonly``,
    ``appendfsync``, replicas). Keys must not be evicted (``maxmemory-policy noeviction``): a user
    whose session is evicted is logged out, and a partly evicted log counts as wiped.

    Args:
        client: client of valkey-py or redis-py, single or cluster. Its timeouts limit how long a
            request is blocked. It stays open when the store closes.
        prefix: prefix of all keys and of the channel, in braces; two applications on one server
            use different ones.

    Attributes:
        server: the connections, which other stores on the same server may share.
        prefix: the prefix without braces.
    """

    def __init__(self, client: Client, *, prefix: str = "watchword") -> None:
        self._use(Server(lambda: client), prefix, owned=False)

    @classmethod
    def from_url(cls, url: str, *, prefix: str = "watchword") -> Self:
        """Return a store that connects at first use.

        Args:
            url: see :func:`~flask_watchword.infra.valkey.client.client_opener`.
            prefix: prefix of all keys, unless the URL names one.

        Raises:
            ValueError: when the URL has another form.
            MissingExtra: when neither valkey-py nor redis-py is installed.
        """
        store = cls.__new__(cls)
        store._use(Server(client_opener(url)), prefix_of(url) or prefix, owned=True)
        return store

    def _use(self, server: Server, prefix: str, *, owned: bool) -> None:
        self.server = server
        self.prefix = prefix
        self._owned = owned
        self._prefix = f"{{{prefix}}}:"
        names = ("order", "entries", "ends", "sessions")
        self._log_keys = [self._prefix + name for name in names]
        self._subscription = ChangeSubscription(server, f"{self._prefix}changed")
        self._epoch: str | None = None
        self._change_token = object()

    def start(self, session: Session, limit: int | None, lifetimes: Lifetimes) -> list[Session]:
        """Store a new session; end the subject's oldest beyond ``limit``, and log that."""
        now = session.started_at
        expires_at = min(_unused_until(now, lifetimes), session.ends_at) + lifetimes.leeway
        rows = self._run(
            "start",
            "" if limit is None else limit,
            MAX_ENDED_PER_CALL,
            TOO_MANY,
            moment(now),
            moment(now + lifetimes.access),
            moment(lifetimes.leeway),
            moment(expires_at),
            _milliseconds(expires_at - now),
            _milliseconds(session.ends_at - now),
            session.id,
            session.subject,
            *session_fields(session),
        )
        return self._with_new_change_token(sessions_of(rows))

    def rotate(
        self,
        session_id: str,
        generation: int,
        now: float,
        lifetimes: Lifetimes,
        requester: Requester = UNKNOWN_REQUESTER,
    ) -> Session | None:
        """Increment the generation if it is ``generation`` and the session has not ended."""
        row = self.server.run(
            "rotate",
            (self._session_key(session_id), self._prefix + "sessions"),
            str(generation),
            moment(now),
            moment(now + lifetimes.idle),
            moment(_unused_until(now, lifetimes)),
            moment(lifetimes.leeway),
            secrets.token_hex(8),
            moment(now - lifetimes.concealed),
            requester.address,
            requester.agent,
        )
        return session_of(row)

    def record_repeat(
        self, session_id: str, generation: int, now: float, elsewhere: Requester | None
    ) -> Session | None:
        """Record that the current generation was issued again, if it is still the current one."""
        request = () if elsewhere is None else (moment(now), elsewhere.address, elsewhere.agent)
        keys = (self._session_key(session_id),)
        return session_of(self.server.run("record_repeat", keys, str(generation), *request))

    def get(self, session_id: str) -> Session | None:
        """Return a session, ended or not."""
        with self.server.client() as client:
            row: list[Any] = client.hmget(self._session_key(session_id), list(SESSION_FIELDS))
        return session_of(row)

    def end(self, session_id: str, now: float, reason: str, lifetimes: Lifetimes) -> Session | None:
        """End a session and log its revocation."""
        until = moment(now + lifetimes.access), moment(lifetimes.leeway)
        ended = session_of(self._run("end", session_id, moment(now), reason, *until))
        if ended is not None:
            self._renew_change_token()
        return ended

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
        revoked = ("", "")
        if keep is None:
            entry = subject_revocation(subject, now, lifetimes)
            revoked = moment(entry.revoked_at), moment(entry.expires_at)
        until = moment(now + lifetimes.access), moment(lifetimes.leeway)
        everything = all_sessions_revocation(subject, now, lifetimes)
        before = moment(everything.revoked_at), moment(everything.expires_at)
        args = subject, moment(now), reason, *until, keep or "", *revoked, *before
        ended, complete = self._end_once(*args)
        # Sessions deleted by others between two steps move the rest up, past the next position.
        while not complete:
            more, complete = self._end_once(*args)
            ended += more
            complete = complete or not more
        if keep is None:
            self._renew_change_token()
            return ended
        return self._with_new_change_token(ended)

    def of_subject(self, subject: str, now: float) -> Sequence[Session]:
        """Return the live sessions of a subject, the last used first."""
        sessions = sessions_of(self._run("of_subject", subject, moment(now)))
        return sorted(sessions, key=lambda session: session.rotated_at, reverse=True)

    def page_of_subject(
        self, subject: str, now: float, after: str | None, limit: int
    ) -> Sequence[Session]:
        """Return some of the live sessions of a subject, the newest login first."""
        return sessions_of(self._run("page_of_subject", subject, moment(now), after or "", limit))

    def revoke(self, entry: Revocation) -> None:
        """Log a revocation; of two with the same value, one with the later end is kept."""
        self._run(
            "revoke", entry.kind, entry.value, moment(entry.revoked_at), moment(entry.expires_at)
        )
        self._renew_change_token()

    def revocations(self, after: int, now: float) -> Batch:
        """Return the live entries after a cursor; 0 for all."""
        entries: list[Revocation] = []
        cursor, more = after, True
        while more:
            epoch, since, last, more, names, values = self._run(
                "revocations", cursor, PAGE, moment(now), secrets.token_hex(8)
            )
            entries += map(entry_of, names, values)
            if text(epoch) != self._epoch:
                self._epoch = text(epoch)
                if cursor:
                    # The cursor belongs to another epoch of the store, or to an unknown one.
                    return self.revocations(0, now)
            cursor = int(text(last))
        live = [entry for entry in entries if entry.expires_at > now]
        return Batch(live, cursor, text(epoch), float(text(since)))

    def log_pages(self, after: int, now: float) -> Iterator[LogPage]:
        """Yield the live entries; those after a cursor if it is one of this epoch."""
        if after:
            batch = self.revocations(after, now)
            yield page_of(batch)
            return
        # No entries, only where the next ones begin: what is logged from now on comes after it.
        epoch, since, last, *_ = self._run("revocations", 0, 0, moment(now), secrets.token_hex(8))
        self._epoch = text(epoch)
        for names, times in self._live_names(now):
            yield LogPage(
                sessions=values_of(RevocationKind.SESSION, names, times),
                tokens=values_of(RevocationKind.TOKEN, names, times),
                others=self._entries(others_of(names)),
                cursor=int(text(last)),
                epoch=self._epoch,
                since=float(text(since)),
            )

    def _live_names(self, now: float) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
        """Yield the names of the live entries with the times at which they expire, in pages."""
        least, skipped, full = f"({moment(now)}", 0, True
        while full:
            found = self._run("live_revocations", least, skipped, LOADED_PAGE)
            names, times = names_and_times(found)
            yield names, times
            full = len(names) == LOADED_PAGE
            if full:
                # Many entries may expire at the same time.
                same = times.count(times[-1])
                skipped = same + (skipped if least == times[-1] else 0)
                least = times[-1]

    def find_revocations(
        self,
        session_id: str | None,
        token_id: str | None,
        subject: str | None,
        key_id: str | None = None,
    ) -> Sequence[Revocation]:
        """Return the entries about a session, a token, a subject and a key."""
        values_by_kind = {
            RevocationKind.SESSION: session_id,
            RevocationKind.TOKEN: token_id,
            RevocationKind.SUBJECT: subject,
            RevocationKind.KEY: key_id,
            RevocationKind.KEPT: session_id,
            RevocationKind.SESSIONS: None if session_id is None else subject,
        }
        names = [
            entry_name(kind, value) for kind, value in values_by_kind.items() if value is not None
        ]
        return self._entries(names)

    def _entries(self, names: Sequence[str]) -> list[Revocation]:
        if not names:
            return []
        with self.server.client() as client:
            values: list[Any] = client.hmget(self._prefix + "entries", names)
        fields = zip(names, values, strict=True)
        return [entry_of(name, value) for name, value in fields if value is not None]

    def purge(self, now: float, limit: int) -> int:
        """Delete up to ``limit`` expired sessions and as many expired entries.

        Sessions also expire by themselves; this deletes them from the indexes.
        """
        return int(self._run("purge", moment(now), limit))

    def change_token(self) -> object:
        """Return a value that only this store's own revocations change."""
        return self._change_token

    def wait_for_change(self, seconds: float) -> None:
        """Return when something may have been logged, after ``seconds`` at the latest.

        Raises:
            StoreUnavailable: once when the connection is lost, and after each failed attempt to
                connect again, with at most half a second between attempts.
        """
        self._subscription.wait(seconds)

    def stop_waiting(self) -> None:
        """Make :meth:`wait_for_change` return soon."""
        self._subscription.stop_waiting()

    def close(self) -> None:
        """Wake waiting threads, and close the client if it was opened from a URL."""
        self._subscription.close()
        if self._owned:
            self.server.close()

    def _run(self, script: str, *args: str | int) -> Any:
        return self.server.run(script, self._log_keys, self._prefix, *args)

    def _end_once(self, *args: str) -> tuple[list[Session], bool]:
        """End the sessions of a subject; return them, and whether one step was enough."""
        ended: list[Session] = []
        position, steps, logged = 0, 0, ""
        while position >= 0:
            rows, position, time = self._run("end_all", *args, position, MAX_ENDED_PER_CALL, logged)
            logged = text(time)
            ended += sessions_of(rows)
            steps += 1
        return ended, steps == 1

    def _session_key(self, session_id: str) -> str:
        return f"{self._prefix}session:{session_id}"

    def _with_new_change_token(self, ended: list[Session]) -> list[Session]:
        if ended:
            self._renew_change_token()
        return ended

    def _renew_change_token(self) -> None:
        self._change_token = object()


def _unused_until(now: float, lifetimes: Lifetimes) -> float:
    # A session is kept as long as its tokens are valid, so that ending it still revokes them.
    return now + max(lifetimes.idle, lifetimes.access)


def _milliseconds(seconds: float) -> int:
    return max(1, math.ceil(seconds * 1_000))
