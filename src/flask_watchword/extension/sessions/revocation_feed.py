"""A process's copy of the revocations: checked on each request, updated in the background."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_watchword.clock import Clock
from flask_watchword.extension.errors import RevokedTokenError
from flask_watchword.extension.resources import Resources
from flask_watchword.extension.sessions.follower import Follower
from flask_watchword.extension.verification.current_token import CurrentToken
from flask_watchword.fork_safety import ForkAware, watch_forks
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.locks import process_lock
from flask_watchword.sessions.revocation import Revocation, RevocationIndex, RevocationKind
from flask_watchword.sessions.session import REFRESH_REUSED
from flask_watchword.sessions.store import RETENTION_SECONDS, LogPage, SessionStore

#: Error codes: the session of the token has ended, or the token itself was revoked.
SESSION_ENDED = "session_ended"
TOKEN_REVOKED = "token_revoked"
#: Error code: the key that signed the token was revoked.
KEY_REVOKED = "key_revoked"

#: How many times the copy is updated during the time for which it is trusted.
_POLLS_PER_BOUND = 4
#: Seconds between two clean-ups, and how many rows each purges.
_CLEANUP_SECONDS = 10.0
_PURGE_BATCH = 100
#: Seconds between two steps of the compaction, for requests.
_PAUSE = 0.001
_END = object()

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RevocationMetrics:
    """The age and size of this process's copy of the revocations, for monitoring.

    Attributes:
        staleness: seconds since the copy was last complete; ``None`` before the first protected
            request.
        entries: number of revocations.
        follows: whether the thread that updates it is running.
    """

    staleness: float | None
    entries: int
    follows: bool


def revocations_about(
    store: SessionStore, claims: Mapping[str, Any], subject_claim: str, key_id: str | None
) -> Sequence[Revocation]:
    """Return the revocations in a store that concern one token.

    Args:
        store: the session store.
        claims: the claims of the token.
        subject_claim: the claim with the subject.
        key_id: the id of the key that signed the token.

    Raises:
        StoreUnavailable: when the store does not respond.
    """
    values = [claims.get(name) for name in ("sid", "jti", subject_claim)]
    # As in the index: a subject may be a number; a value of another type matches nothing.
    texts = [str(value) if isinstance(value, (str, int)) else None for value in (*values, key_id)]
    return store.find_revocations(*texts)


@dataclass(frozen=True, slots=True)
class KnownRevocations:
    """The copy of one process, from which a forked process continues.

    The child shares the memory of its parent until one of them changes it.

    Attributes:
        index: the revocations.
        cursor: up to where the log was read.
        epoch: the epoch of the store.
        since: when that began.
    """

    index: RevocationIndex
    cursor: int
    epoch: str | None
    since: float


class RevocationFeed(ForkAware):
    """A copy, in this process, of the revocations in a store.

    The copy is trusted while the store's change token is unchanged, for ``staleness`` seconds after
    it was made. After that the request itself updates it. If that fails, the request queries the
    store for its own token only; if that fails too, it is rejected with ``StoreUnavailable``. It
    never fails open.

    Args:
        store: the store whose log it follows.
        staleness: seconds for which a copy is trusted.
        subject_claim: the claim that holds a token's subject.
        clock: seconds since the epoch.
        resources: of the application; the thread ends with them.
        leeway: seconds by which the clocks of two nodes may differ.

    Attributes:
        elapsed: a monotonic clock in seconds, for the age of the copy.
    """

    def __init__(
        self,
        store: SessionStore,
        staleness: float,
        subject_claim: str,
        clock: Clock,
        resources: Resources,
        leeway: float = 0.0,
    ) -> None:
        self.elapsed: Clock = time.monotonic
        self._store = store
        self._change_token: Callable[[], object] = store.change_token
        self._staleness = staleness
        self._subject_claim = subject_claim
        self._clock = clock
        self._leeway = leeway
        self._index = RevocationIndex(subject_claim)
        self._cursor = 0
        self._epoch: str | None = None
        self._since = 0.0
        self._lock = process_lock()
        self._follower = Follower(store, staleness / _POLLS_PER_BOUND, resources)
        self.after_fork()
        watch_forks(self)

    def after_fork(self) -> None:
        """Make the child of a fork continue to read the log; known revocations are kept."""
        self._has_loaded = False
        self._seen_token: object = None
        self._trusted_until = float("-inf")
        self._failures = 0
        self._next_cleanup = 0.0

    def check(self, token: CurrentToken) -> None:
        """Check that a token has not been revoked.

        Raises:
            RevokedTokenError: when it has, or its session was lost because the store was wiped.
            StoreUnavailable: when the store does not respond.
        """
        verified, index = token.verified, self._index
        claims = verified.claims
        # `_is_current`, inlined: a call costs as much as the check itself.
        if self._seen_token != self._change_token() or self.elapsed() >= self._trusted_until:
            index = self._index_for(claims, verified.key_id)
        if index.keys and verified.key_id in index.keys:
            raise RevokedTokenError(*token.private_copy, code=KEY_REVOKED)
        if index.revokes(claims):
            raise RevokedTokenError(*token.private_copy, code=self._code(claims, index))
        if claims.get("iat", 0.0) <= self._since and self._session_is_gone(claims):
            raise RevokedTokenError(*token.private_copy, code=SESSION_ENDED)

    def check_expired(self, token: CurrentToken) -> None:
        """Check that an expired token was not revoked during its lifetime.

        The revocation of a session expires together with its last token, so the session itself is
        read as well.

        Raises:
            RevokedTokenError: when it was revoked, or its session no longer exists.
            StoreUnavailable: when the store does not respond.
        """
        self.check(token)
        if self._session_is_gone(token.verified.claims):
            raise RevokedTokenError(*token.private_copy, code=SESSION_ENDED)

    def check_key(self, token: CurrentToken) -> None:
        """Check only that the key of a token has not been revoked.

        For tokens whose validity does not depend on a session or on the sessions of a subject.

        Raises:
            RevokedTokenError: when it has.
            StoreUnavailable: when the store does not respond.
        """
        key_id = token.verified.key_id
        index = self._index if self._is_current() else self._index_for({}, key_id)
        if key_id in index.keys:
            raise RevokedTokenError(*token.private_copy, code=KEY_REVOKED)

    def add_local(self, entries: Iterable[Revocation]) -> None:
        """Add revocations made by this process, before they come back from the store."""
        with self._lock():
            self._index.add(entries)

    def load_subject(self, subject: str) -> None:
        """Load the revocations of a subject from the store.

        Raises:
            StoreUnavailable: when the store does not respond.
        """
        self.add_local(self._store.find_revocations(None, None, subject))

    def subject_revoked_at(self, subject: object) -> float | None:
        """Return the time of a subject's newest known revocation; no store query."""
        return self._index.subject_revoked_at(subject)

    def ensure_epoch(self) -> None:
        """Read the store's epoch, once in a process, before a session starts.

        Tokens issued after the start of the epoch need no look-up of their session. If the epoch
        started with the first protected request, the session of every token issued before would be
        read until that token expires.

        Raises:
            StoreUnavailable: when the store does not respond.
        """
        if self._epoch is None:
            self._follower.ensure_running(self)
            self._catch_up_once()

    def load(self) -> KnownRevocations:
        """Read the log before the first request, which reads only what was logged since.

        The thread does not start yet.

        Returns:
            The copy.

        Raises:
            StoreUnavailable: when the store does not respond.
        """
        self.catch_up()
        self._trusted_until = float("-inf")
        return KnownRevocations(self._index, self._cursor, self._epoch, self._since)

    def continue_from(self, known: KnownRevocations) -> None:
        """Begin with a copy that was made in another process, from which this one was forked."""
        self._index, self._cursor = known.index, known.cursor
        self._epoch, self._since = known.epoch, known.since

    def metrics(self) -> RevocationMetrics:
        """Return the age and size of the copy; no store query."""
        completed = self._trusted_until - self._staleness
        age = None if math.isinf(completed) else self.elapsed() - completed
        return RevocationMetrics(age, len(self._index), self._follower.is_running())

    def close(self) -> None:
        """Stop following. After this returns the thread does not query the store any more."""
        self._follower.stop()
        with self._lock():
            pass

    def _code(self, claims: Mapping[str, Any], index: RevocationIndex) -> str:
        if not index.ends_session_of(claims):
            return TOKEN_REVOKED
        if claims["type"] != "refresh":
            return SESSION_ENDED
        # A second replay gets the same code as the first. While the store is down the response is
        # 503: the token is rejected in any case, but not with a guessed code.
        session = self._store.get(claims["sid"])
        reused = session is not None and session.end_reason == REFRESH_REUSED
        return REFRESH_REUSED if reused else SESSION_ENDED

    def _session_is_gone(self, claims: Mapping[str, Any]) -> bool:
        session_id = claims.get("sid")
        if session_id is None:
            return False
        session = self._store.get(session_id)
        return session is None or session.ended_at is not None

    def _index_for(self, claims: Mapping[str, Any], key_id: str | None) -> RevocationIndex:
        """Return an up-to-date index for a token: the copy, or one for this token only."""
        self._follower.ensure_running(self)
        try:
            self._catch_up_once()
        except StoreUnavailable:
            single = RevocationIndex(self._subject_claim)
            single.add(revocations_about(self._store, claims, self._subject_claim, key_id))
            return single
        return self._index

    def catch_up(self) -> None:
        """Bring the copy up to date.

        Raises:
            StoreUnavailable: when the store does not respond.
        """
        with self._lock():
            if not self._follower.is_closed:
                self._read_log()

    def _catch_up_once(self) -> None:
        """Bring the copy up to date, or share the result of another request that is doing so."""
        failures = self._failures
        with self._lock():
            if self._is_current():
                return
            if self._failures != failures:
                raise StoreUnavailable("the revocations could not be read")
            try:
                self._read_log()
            except StoreUnavailable:
                self._failures += 1
                raise

    def _is_current(self) -> bool:
        return self._seen_token == self._change_token() and self.elapsed() < self._trusted_until

    def _read_log(self) -> None:
        # First, so that entries logged during the read are read again.
        started, change_token, now = self.elapsed(), self._change_token(), self._clock()
        batch = self._store.revocations(self._cursor, now) if self._has_loaded else None
        if batch is not None and batch.epoch == self._epoch:
            self._index.add(batch.entries)
            self._cursor = batch.cursor
        else:
            self._load(now)
        self._seen_token, self._trusted_until = change_token, started + self._staleness

    def _load(self, now: float) -> None:
        """Read a log of which this process knows little or nothing."""
        cursor = self._cursor
        for page in self._store.log_pages(cursor, now):
            if page.epoch != self._epoch:
                self._begin_epoch(page)
                if cursor:
                    self._load(now)
                    return
            self._index.load(RevocationKind.SESSION, page.sessions)
            self._index.load(RevocationKind.TOKEN, page.tokens)
            self._index.add(page.others)
            cursor = page.cursor
        self._index.loaded(now)
        self._cursor, self._has_loaded = cursor, True

    def _begin_epoch(self, page: LogPage) -> None:
        if self._epoch is not None:
            _logger.warning(
                "The session store was wiped. Known revocations are kept; tokens of sessions that "
                "are no longer in the store are rejected."
            )
        # The cursor first: a process that is forked in between has to read all of the new log.
        self._cursor, self._epoch = 0, page.epoch
        # A token that a node whose clock is ahead issued before the epoch seems to be newer.
        self._since = max(self._since, page.since + self._leeway)

    def clean_up(self) -> None:
        """Delete expired entries, and purge a batch of expired rows in the store, periodically."""
        elapsed = self.elapsed()
        if elapsed < self._next_cleanup:
            return
        now = self._clock()
        with self._lock():
            if self._follower.is_closed:
                return
            self._index.drop_expired(now)
            purged = self._store.purge(now - RETENTION_SECONDS, _PURGE_BATCH)
        self._compact(now)
        self._next_cleanup = elapsed if purged >= _PURGE_BATCH else elapsed + _CLEANUP_SECONDS

    def _compact(self, now: float) -> None:
        steps = self._index.compaction(now)
        while not self._follower.is_closed:
            # In steps, because requests wait for this lock when they revoke something.
            with self._lock():
                if next(steps, _END) is _END:
                    return
            time.sleep(_PAUSE)
