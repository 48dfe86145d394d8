"""What a process knows of the revocations: asked at each request, kept up to date beside them."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
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
from flask_watchword.sessions.revocation import Revocation, RevocationIndex
from flask_watchword.sessions.session import REFRESH_REUSED
from flask_watchword.sessions.store import RETENTION_SECONDS, Batch, SessionStore

#: ``code`` of what is answered to a token whose session is over, and to one revoked by itself.
SESSION_ENDED = "session_ended"
TOKEN_REVOKED = "token_revoked"
#: And to one that was signed with a key that is not to be trusted any more.
KEY_REVOKED = "key_revoked"

#: How often the copy is brought up to date unasked, as a part of its bound.
_POLLS_PER_BOUND = 4
#: Seconds between two looks for what has expired, and how much is purged at each.
_TIDY_SECONDS = 10.0
_PURGE_BATCH = 100

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Figures:
    """How well this process knows the revocations, for whoever watches over it.

    Attributes:
        staleness: seconds since its copy was last known to be complete; ``None`` before the first
            protected request.
        entries: the revocations it holds.
        follows: whether its thread runs.
    """

    staleness: float | None
    entries: int
    follows: bool


class RevocationFeed(ForkAware):
    """The live revocations of a store, copied into this process.

    The copy is trusted while the store's change mark stands still, for ``staleness`` seconds after
    it was made. Then the request itself brings it up to date; where that fails it asks the store
    for its own token, and where that fails as well ``StoreUnavailable`` refuses it. Never open.

    Args:
        store: whose log is followed.
        staleness: seconds that a copy is trusted.
        subject_claim: the claim that holds a token's subject.
        clock: seconds since the epoch.
        resources: of the application, with which the thread ends.
        leeway: seconds by which the clocks of two nodes may differ.

    Attributes:
        elapsed: a clock in seconds that nobody sets back, for the age of the copy.
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
        self._epoch: str | None = None
        self._since = 0.0
        self._lock = process_lock()
        self._follower = Follower(store, staleness / _POLLS_PER_BOUND, resources)
        self.after_fork()
        watch_forks(self)

    def after_fork(self) -> None:
        """Read the log again, in the child of a fork; what is known already stays."""
        self._cursor = 0
        self._mark: object = None
        self._trusted_until = float("-inf")
        self._failures = 0
        self._tidy_at = 0.0

    def check(self, token: CurrentToken) -> None:
        """Check that a token has not been revoked.

        Raises:
            RevokedTokenError: when it has, or when its session was lost with its store.
            StoreUnavailable: when the store does not answer.
        """
        verified, index = token.verified, self._index
        claims = verified.claims
        # `_is_current`, written out: a call costs as much as what it asks.
        if self._mark != self._change_token() or self.elapsed() >= self._trusted_until:
            index = self._index_for(claims, verified.key_id)
        if index.keys and verified.key_id in index.keys:
            raise RevokedTokenError(*token.private_copy, code=KEY_REVOKED)
        if index.revokes(claims):
            raise RevokedTokenError(*token.private_copy, code=self._code(claims, index))
        if claims.get("iat", 0.0) <= self._since and self._is_gone(claims):
            raise RevokedTokenError(*token.private_copy, code=SESSION_ENDED)

    def check_expired(self, token: CurrentToken) -> None:
        """Check that a token was not revoked while it lived.

        The entry of a session dies with the last token, so the session itself is asked.

        Raises:
            RevokedTokenError: when it was, or when its session is not known any more.
            StoreUnavailable: when the store does not answer.
        """
        self.check(token)
        if self._is_gone(token.verified.claims):
            raise RevokedTokenError(*token.private_copy, code=SESSION_ENDED)

    def check_key(self, token: CurrentToken) -> None:
        """Check that the key of a token has not been revoked, and nothing else of it.

        For tokens that end with something else than a session, a subject's sessions among them.

        Raises:
            RevokedTokenError: when it has.
            StoreUnavailable: when the store does not answer.
        """
        key_id = token.verified.key_id
        index = self._index if self._is_current() else self._index_for({}, key_id)
        if key_id in index.keys:
            raise RevokedTokenError(*token.private_copy, code=KEY_REVOKED)

    def add_local(self, entries: Iterable[Revocation]) -> None:
        """Take in what this process itself has revoked, whatever the store will say when."""
        with self._lock():
            self._index.add(entries)

    def load_subject(self, subject: str) -> None:
        """Take in what the store knows of the revocations of a subject.

        Raises:
            StoreUnavailable: when it does not answer.
        """
        self.add_local(self._store.find_revocations(None, None, subject))

    def subject_revoked_at(self, subject: object) -> float | None:
        """Return the moment of a subject's newest revocation that is known; asks no store."""
        return self._index.subject_revoked_at(subject)

    def ensure_epoch(self) -> None:
        """Have the store say since when it lives, once in a process, before a session starts.

        What was issued later needs no look at its session: were the life to begin with the first
        protected request, every token made until then would be asked about until it expires.

        Raises:
            StoreUnavailable: when the store did not answer.
        """
        if self._epoch is None:
            self._follower.ensure_running(self)
            self._catch_up_once()

    def figures(self) -> Figures:
        """Return how old and how large the copy is; no store is asked."""
        completed = self._trusted_until - self._staleness
        age = None if math.isinf(completed) else self.elapsed() - completed
        return Figures(age, len(self._index), self._follower.runs())

    def close(self) -> None:
        """Stop following. When this returns the follower asks the store nothing any more."""
        self._follower.stop()
        with self._lock():
            pass

    def _code(self, claims: Mapping[str, Any], index: RevocationIndex) -> str:
        if not index.ends_session_of(claims):
            return TOKEN_REVOKED
        if claims["type"] != "refresh":
            return SESSION_ENDED
        # A second replay gets the same answer as the first. Where the store cannot be asked the
        # answer is 503: the token is refused in any case, and never for a guessed reason.
        session = self._store.get(claims["sid"])
        reused = session is not None and session.end_reason == REFRESH_REUSED
        return REFRESH_REUSED if reused else SESSION_ENDED

    def _is_gone(self, claims: Mapping[str, Any]) -> bool:
        session_id = claims.get("sid")
        if session_id is None:
            return False
        session = self._store.get(session_id)
        return session is None or session.ended_at is not None

    def _index_for(self, claims: Mapping[str, Any], key_id: str | None) -> RevocationIndex:
        """Return an index that can be asked about a token now: the copy, or one for it alone."""
        self._follower.ensure_running(self)
        try:
            self._catch_up_once()
        except StoreUnavailable:
            alone = RevocationIndex(self._subject_claim)
            named = [claims.get(name) for name in ("sid", "jti", self._subject_claim)]
            # As in the index: a subject may be a number, and what is neither revokes nothing.
            texts = [
                str(value) if isinstance(value, (str, int)) else None for value in (*named, key_id)
            ]
            alone.add(self._store.find_revocations(*texts))
            return alone
        return self._index

    def catch_up(self) -> None:
        """Bring the copy up to date.

        Raises:
            StoreUnavailable: when the store did not answer.
        """
        with self._lock():
            if not self._follower.is_closed:
                self._read_log()

    def _catch_up_once(self) -> None:
        """Bring the copy up to date, or share what comes of it where another request does."""
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
        return self._mark == self._change_token() and self.elapsed() < self._trusted_until

    def _read_log(self) -> None:
        # Mark and moment first: what is logged while we read is then read once more.
        began, mark, now = self.elapsed(), self._change_token(), self._clock()
        batch = self._store.revocations(self._cursor, now)
        if batch.epoch != self._epoch:
            batch = self._begin_epoch(batch, now)
        self._index.add(batch.entries)
        self._cursor = batch.cursor
        self._mark, self._trusted_until = mark, began + self._staleness

    def _begin_epoch(self, batch: Batch, now: float) -> Batch:
        if self._epoch is not None:
            _logger.warning(
                "The session store was wiped. What was revoked stays so; tokens of sessions "
                "that the store does not know any more are refused."
            )
        if self._cursor:
            batch = self._store.revocations(0, now)
        self._epoch = batch.epoch
        # What a node whose clock is ahead has issued before seems to be younger.
        self._since = max(self._since, batch.since + self._leeway)
        return batch

    def tidy(self) -> None:
        """Forget what has expired, and purge a little of the store; now and then."""
        moment = self.elapsed()
        if moment < self._tidy_at:
            return
        now = self._clock()
        with self._lock():
            if self._follower.is_closed:
                return
            self._index.drop_expired(now)
            purged = self._store.purge(now - RETENTION_SECONDS, _PURGE_BATCH)
        self._tidy_at = moment if purged >= _PURGE_BATCH else moment + _TIDY_SECONDS
