"""Cache of an issuer's keys, fetched when they are needed.

Requests do not fetch keys themselves. A thread does, one at a time, and exits after one fetch. So
a request can stop waiting when a server or a name server is slow.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask_watchword.clock import Clock
from flask_watchword.errors import InvalidKeyError
from flask_watchword.fork_safety import ForkAware, watch_forks
from flask_watchword.infra.errors import KeysUnavailable
from flask_watchword.infra.http.http_get import Document, FetchFailed
from flask_watchword.jose import Key
from flask_watchword.jose.jwk_set import NoUsableKeyError
from flask_watchword.locks import process_lock

#: Least seconds between two fetches, whatever ``kid`` tokens have.
COOLDOWN = 30.0
#: Seconds until the next attempt while there are no keys: after the first failure, and the longest.
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
#: Seconds after their freshness for which keys are still used while they are fetched again.
STALE_SECONDS = 24 * 3600.0
#: Seconds from the start of a fetch for which requests wait for it: slightly more than its time
#: limit. A fetch that takes longer, because a name server hangs, does not block later requests.
PATIENCE = 6.0
#: The most characters of a reason in the log, which may quote a server's response.
LONGEST_REASON = 300

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class KeySet:
    """Fetched keys. The object stays the same while the server returns the same document."""

    keys: tuple[Key, ...]
    body: bytes


class RemoteKeys(ForkAware):
    """The keys of one issuer.

    Args:
        issuer: the issuer, for the log.
        fetch: fetches the document; raises ``FetchFailed``.
        read: reads the keys in it; raises ``InvalidKeyError``, and ``NoUsableKeyError`` for a
            valid document without a usable key.
        elapsed: monotonic clock in seconds.
        patience: seconds from the start of a fetch for which requests wait for it.
    """

    def __init__(
        self,
        issuer: str,
        fetch: Callable[[], Document],
        read: Callable[[bytes], Sequence[Key]],
        *,
        elapsed: Clock = time.monotonic,
        patience: float = PATIENCE,
    ) -> None:
        self._issuer = issuer
        self._fetch = fetch
        self._read = read
        self._elapsed = elapsed
        self._patience = patience
        self._keys: KeySet | None = None
        self._fresh_until = -math.inf
        self._not_before = -math.inf
        self._started_at = -math.inf
        self._failures = 0
        self._lock = process_lock()
        self.after_fork()
        watch_forks(self)

    def after_fork(self) -> None:
        """Start without the threads of the parent process."""
        #: Event that is set when the running fetch finishes; ``None`` when none is running.
        self._finished: threading.Event | None = None

    def current(self) -> KeySet:
        """Return the keys; wait for a fetch only if there are no usable keys.

        Raises:
            KeysUnavailable: when none could be fetched yet.
        """
        held, now = self._keys, self._elapsed()
        if held is not None and now < self._fresh_until:
            return held
        self._renew(wait=held is None or now >= self._fresh_until + STALE_SECONDS)
        held = self._keys
        if held is None:
            raise KeysUnavailable(
                f"the keys of {self._issuer} could not be fetched", self._seconds_to_wait()
            )
        return held

    def replacement(self, lacking: object) -> KeySet | None:
        """Return newer keys than those that lack a token's key, or ``None`` if there are none.

        Fetches keys if the last fetch was at least ``COOLDOWN`` seconds ago.
        """
        if self._keys is lacking:
            self._renew(wait=True)
        return None if self._keys is lacking else self._keys

    def _renew(self, *, wait: bool) -> None:
        finished, mine = self._start_fetch()
        # While fetches from an issuer fail, one request at a time waits for the next attempt; the
        # others must not be blocked.
        if finished is not None and wait and (mine or not self._failures):
            finished.wait(max(0.0, self._started_at + self._patience - self._elapsed()))

    def _start_fetch(self) -> tuple[threading.Event | None, bool]:
        """Return the event of the running fetch, and whether this call has started it."""
        with self._lock():
            if self._finished is not None or self._elapsed() < self._not_before:
                return self._finished, False
            finished = self._finished = threading.Event()
            self._started_at = self._elapsed()
        try:
            threading.Thread(
                target=self._run, args=(finished,), name="watchword-keys", daemon=True
            ).start()
        except RuntimeError as error:  # no further thread can be started
            self._fail(error)
            self._finish(finished)
        return finished, True

    def _run(self, finished: threading.Event) -> None:
        try:
            document = self._fetch()
            self._take(document, tuple(self._read(document.body)))
        except NoUsableKeyError as error:
            # This fetch has not failed: the issuer has withdrawn its keys.
            self._keys = None
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - the cached keys stay, whatever the error
            self._fail(error)
        finally:
            self._finish(finished)

    def _take(self, document: Document, keys: tuple[Key, ...]) -> None:
        held, now = self._keys, self._elapsed()
        if held is None or held.body != document.body:
            # If nothing has changed, the cache of tokens verified with these keys stays valid.
            self._keys = KeySet(keys, document.body)
        self._fresh_until = now + document.fresh_seconds
        self._not_before = now + COOLDOWN
        self._failures = 0

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        pause = min(FIRST_PAUSE * 2 ** min(self._failures - 1, 10), LONGEST_PAUSE)
        if self._keys is not None:
            pause = max(pause, COOLDOWN)
        self._not_before = self._elapsed() + pause
        known = isinstance(error, FetchFailed | InvalidKeyError)
        _logger.warning(
            "The keys of %s could not be fetched, %s: %s",
            self._issuer,
            "none are known" if self._keys is None else "the known ones stay in use",
            _shortened(error),
            exc_info=None if known else error,
        )

    def _finish(self, finished: threading.Event) -> None:
        with self._lock():
            self._finished = None
        finished.set()

    def _seconds_to_wait(self) -> int:
        return math.ceil(max(1.0, self._not_before - self._elapsed()))


def _shortened(error: Exception) -> str:
    """Return the message of an error, short and without characters that break log lines."""
    text = str(error)[:LONGEST_REASON]
    return text if text.isprintable() else ascii(text)
