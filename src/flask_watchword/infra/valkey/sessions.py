"""Sessions in Valkey or Redis: a hash each, and the log of revocations beside them."""

import math
import secrets
from collections.abc import Sequence
from typing import Any, Self

from flask_watchword.infra.valkey.changes import Changes
from flask_watchword.infra.valkey.client import Client, Server, client_opener, prefix_of
from flask_watchword.infra.valkey.rows import (
    entry_name,
    entry_of,
    moment,
    session_fields,
    session_of,
    sessions_of,
    text,
)
from flask_watchword.infra.valkey.scripts import SESSION_FIELDS
from flask_watchword.sessions.requester import UNKNOWN_REQUESTER, Requester
from flask_watchword.sessions.revocation import Revocation, RevocationKind
from flask_watchword.sessions.session import TOO_MANY, Lifetimes, Session
from flask_watchword.sessions.store import (
    MAX_ENDED_PER_CALL,
    Batch,
    subject_revocation,
)

#: Entries that one script returns: it holds the server up for a few milliseconds at most.
PAGE = 1_000


class ValkeySessionStore:
    """A session store whose every method is one script, on one server or in a cluster.

    All keys carry the prefix as their hash tag, so a cluster keeps them in one slot: one of its
    primaries does all the work, and each method is as atomic as on a single server. What is
    acknowledged is as durable as the server is set up to make it (``appendonly``,
    ``appendfsync``, replicas). Keys must not be evicted (``maxmemory-policy noeviction``): an
    evicted session is signed out, and a log of which a part is evicted counts as wiped.

    Args:
        client: of valkey-py or redis-py, single or cluster. Its timeouts are how long a request
            may be held up. It stays open when the store closes.
        prefix: what all keys and the channel begin with, in braces; two applications on one
            server take different ones.

    Attributes:
        server: the connections, which other stores on the same server may share.
    """

    def __init__(self, client: Client, *, prefix: str = "watchword") -> None:
        self._use(Server(lambda: client), prefix, owned=False)

    @classmethod
    def from_url(cls, url: str, *, prefix: str = "watchword") -> Self:
        """Return a store that connects when it is first used.

        Args:
            url: see :func:`~flask_watchword.infra.valkey.client.client_opener`.
            prefix: as above, unless the URL names one.

        Raises:
            ValueError: when the URL is of no known kind.
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
        self._changes = Changes(server, f"{self._prefix}changed")
        self._epoch: str | None = None
        self._mark = object()

    def start(self, session: Session, limit: int | None, lifetimes: Lifetimes) -> list[Session]:
        """Keep a new session; end the subject's oldest beyond ``limit``, and log that."""
        now = session.started_at
        gone_at = min(_unused_until(now, lifetimes), session.ends_at) + lifetimes.leeway
        rows = self._run(
            "start",
            "" if limit is None else limit,
            MAX_ENDED_PER_CALL,
            TOO_MANY,
            moment(now),
            moment(now + lifetimes.access),
            moment(lifetimes.leeway),
            moment(gone_at),
            _milliseconds(gone_at - now),
            _milliseconds(session.ends_at - now),
            session.id,
            session.subject,
            *session_fields(session),
        )
        return self._revoked(sessions_of(rows))

    def rotate(
        self,
        session_id: str,
        generation: int,
        now: float,
        lifetimes: Lifetimes,
        requester: Requester = UNKNOWN_REQUESTER,
    ) -> Session | None:
        """Add one to the generation if it is ``generation`` and the session is not over."""
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
        """Note that the current generation was handed out again, if it still is the current one."""
        told = () if elsewhere is None else (moment(now), elsewhere.address, elsewhere.agent)
        keys = (self._session_key(session_id),)
        return session_of(self.server.run("record_repeat", keys, str(generation), *told))

    def get(self, session_id: str) -> Session | None:
        """Return a session, over or not."""
        with self.server.client() as client:
            row: list[Any] = client.hmget(self._session_key(session_id), list(SESSION_FIELDS))
        return session_of(row)

    def end(self, session_id: str, now: float, reason: str, lifetimes: Lifetimes) -> Session | None:
        """End a session and log its revocation."""
        until = moment(now + lifetimes.access), moment(lifetimes.leeway)
        ended = session_of(self._run("end", session_id, moment(now), reason, *until))
        if ended is not None:
            self._move_mark()
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
        args = subject, moment(now), reason, *until, keep or "", *revoked
        ended, whole = self._end_once(*args)
        # What others delete between two steps moves the rest up, past where the next one begins.
        while not whole:
            some, whole = self._end_once(*args)
            ended += some
            whole = whole or not some
        if keep is None:
            self._move_mark()
            return ended
        return self._revoked(ended)

    def of_subject(self, subject: str, now: float) -> Sequence[Session]:
        """Return the sessions of a subject that are not over, the one used last first."""
        sessions = sessions_of(self._run("of_subject", subject, moment(now)))
        return sorted(sessions, key=lambda session: session.rotated_at, reverse=True)

    def revoke(self, entry: Revocation) -> None:
        """Log a revocation; of two about the same, one that lives as long as the longer is kept."""
        self._run(
            "revoke", entry.kind, entry.value, moment(entry.revoked_at), moment(entry.expires_at)
        )
        self._move_mark()

    def revocations(self, after: int, now: float) -> Batch:
        """Return what was logged behind a cursor and lives still; 0 for all of it."""
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
                    # It is a cursor of another life of the store, or of nobody knows which.
                    return self.revocations(0, now)
            cursor = int(text(last))
        live = [entry for entry in entries if entry.expires_at > now]
        return Batch(live, cursor, text(epoch), float(text(since)))

    def find_revocations(
        self,
        session_id: str | None,
        token_id: str | None,
        subject: str | None,
        key_id: str | None = None,
    ) -> Sequence[Revocation]:
        """Return the entries about a session, a token, a subject and a key."""
        asked = {
            RevocationKind.SESSION: session_id,
            RevocationKind.TOKEN: token_id,
            RevocationKind.SUBJECT: subject,
            RevocationKind.KEY: key_id,
        }
        names = [entry_name(kind, value) for kind, value in asked.items() if value is not None]
        if not names:
            return []
        with self.server.client() as client:
            values: list[Any] = client.hmget(self._prefix + "entries", names)
        found = zip(names, values, strict=True)
        return [entry_of(name, value) for name, value in found if value is not None]

    def purge(self, now: float, limit: int) -> int:
        """Delete up to ``limit`` sessions and as many entries that can concern nobody any more.

        Sessions delete themselves as well; this forgets that they were there.
        """
        return int(self._run("purge", moment(now), limit))

    def change_token(self) -> object:
        """Return a value that this store's own revocations alone change."""
        return self._mark

    def wait_for_change(self, seconds: float) -> None:
        """Return when something may have been logged, after ``seconds`` at the latest.

        Raises:
            StoreUnavailable: once when the connection is lost, and again after each attempt to
                make a new one, with half a second between these at the most.
        """
        self._changes.wait(seconds)

    def stop_waiting(self) -> None:
        """Have :meth:`wait_for_change` return soon."""
        self._changes.stop_waiting()

    def close(self) -> None:
        """Wake whoever waits, and close the client if it was made from a URL."""
        self._changes.close()
        if self._owned:
            self.server.close()

    def _run(self, script: str, *args: str | int) -> Any:
        return self.server.run(script, self._log_keys, self._prefix, *args)

    def _end_once(self, *args: str) -> tuple[list[Session], bool]:
        """Walk through the sessions of a subject once; tell also whether that was a single step."""
        ended: list[Session] = []
        place, steps = 0, 0
        while place >= 0:
            rows, place = self._run("end_all", *args, place, MAX_ENDED_PER_CALL)
            ended += sessions_of(rows)
            steps += 1
        return ended, steps == 1

    def _session_key(self, session_id: str) -> str:
        return f"{self._prefix}session:{session_id}"

    def _revoked(self, ended: list[Session]) -> list[Session]:
        if ended:
            self._move_mark()
        return ended

    def _move_mark(self) -> None:
        self._mark = object()


def _unused_until(now: float, lifetimes: Lifetimes) -> float:
    # A session is kept for as long as its tokens live, so that ending it still revokes them.
    return now + max(lifetimes.idle, lifetimes.access)


def _milliseconds(seconds: float) -> int:
    return max(1, math.ceil(seconds * 1_000))
