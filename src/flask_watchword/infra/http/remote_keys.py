"""An issuer's keys in this process: fetched when they are needed, and kept until it says otherwise.

Requests do not fetch. A thread that lives for one fetch does, so that a request can stop waiting
when a server, or the name of one, takes its time; and there is one at a time, whoever asks.
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

#: Seconds between two fetches, whatever kids tokens name.
COOLDOWN = 30.0
#: Seconds until another attempt where there are no keys yet: the first time, and at most.
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
#: Seconds beyond their freshness that keys are used without asking first.
STALE_SECONDS = 24 * 3600.0
#: Seconds that requests wait for a fetch, from its beginning: as long as that may take, and a
#: little. One that takes longer, since a name server hangs, holds nobody who comes after that.
PATIENCE = 6.0
#: Characters of a reason in the log; much of it may be what a server has sent.
LONGEST_REASON = 300

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class KeySet:
    """Keys as they were fetched. As long as the server answers the same, it is the same object."""

    keys: tuple[Key, ...]
    body: bytes


class RemoteKeys(ForkAware):
    """The keys of one issuer.

    Args:
        issuer: whose, for the log.
        fetch: fetches the document; raises ``FetchFailed``.
        read: reads the keys in it; raises ``InvalidKeyError``, and ``NoUsableKeyError`` where it
            is in order and has none.
        elapsed: a clock in seconds that nobody sets back.
        patience: seconds from its beginning that requests wait for a fetch.
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
        self._held: KeySet | None = None
        self._fresh_until = -math.inf
        self._not_before = -math.inf
        self._took_off_at = -math.inf
        self._failures = 0
        self._lock = process_lock()
        self.after_fork()
        watch_forks(self)

    def after_fork(self) -> None:
        """Begin without the threads of the process that this one was forked from."""
        #: Is set when the fetch that is under way has come to its end.
        self._landed: threading.Event | None = None

    def current(self) -> KeySet:
        """Return the keys. Nobody waits for it while there are usable ones.

        Raises:
            KeysUnavailable: when there are none, because none could be fetched yet.
        """
        held, now = self._held, self._elapsed()
        if held is not None and now < self._fresh_until:
            return held
        self._renew(wait=held is None or now >= self._fresh_until + STALE_SECONDS)
        held = self._held
        if held is None:
            raise KeysUnavailable(
                f"the keys of {self._issuer} could not be fetched", self._seconds_to_wait()
            )
        return held

    def replacement(self, lacking: object) -> KeySet | None:
        """Return keys that have replaced those in which a token's key is not, or ``None``.

        They are fetched for it where the last fetch is ``COOLDOWN`` seconds ago.
        """
        if self._held is lacking:
            self._renew(wait=True)
        return None if self._held is lacking else self._held

    def _renew(self, *, wait: bool) -> None:
        landed, mine = self._take_off()
        # While an issuer fails, one request at a time finds out whether it still does; the
        # others must not be held up by it.
        if landed is not None and wait and (mine or not self._failures):
            landed.wait(max(0.0, self._took_off_at + self._patience - self._elapsed()))

    def _take_off(self) -> tuple[threading.Event | None, bool]:
        """Return what tells the end of a fetch, and whether it was begun by this call."""
        with self._lock():
            if self._landed is not None or self._elapsed() < self._not_before:
                return self._landed, False
            landed = self._landed = threading.Event()
            self._took_off_at = self._elapsed()
        try:
            threading.Thread(
                target=self._fly, args=(landed,), name="watchword-keys", daemon=True
            ).start()
        except RuntimeError as error:  # no further thread can be started
            self._fail(error)
            self._land(landed)
        return landed, True

    def _fly(self, landed: threading.Event) -> None:
        try:
            document = self._fetch()
            self._take(document, tuple(self._read(document.body)))
        except NoUsableKeyError as error:
            # This fetch has not failed: the issuer itself has withdrawn what was known.
            self._held = None
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the keys that are held stay
            self._fail(error)
        finally:
            self._land(landed)

    def _take(self, document: Document, keys: tuple[Key, ...]) -> None:
        held, now = self._held, self._elapsed()
        if held is None or held.body != document.body:
            # Where nothing has changed, what was verified with these keys stays remembered.
            self._held = KeySet(keys, document.body)
        self._fresh_until = now + document.fresh_seconds
        self._not_before = now + COOLDOWN
        self._failures = 0

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        pause = min(FIRST_PAUSE * 2 ** min(self._failures - 1, 10), LONGEST_PAUSE)
        if self._held is not None:
            pause = max(pause, COOLDOWN)
        self._not_before = self._elapsed() + pause
        known = isinstance(error, FetchFailed | InvalidKeyError)
        _logger.warning(
            "The keys of %s could not be fetched, %s: %s",
            self._issuer,
            "none are known" if self._held is None else "those that are known stay in use",
            _shortened(error),
            exc_info=None if known else error,
        )

    def _land(self, landed: threading.Event) -> None:
        with self._lock():
            self._landed = None
        landed.set()

    def _seconds_to_wait(self) -> int:
        return math.ceil(max(1.0, self._not_before - self._elapsed()))


def _shortened(error: Exception) -> str:
    """Return what is wrong, short and without anything that a log would take for its own."""
    text = str(error)[:LONGEST_REASON]
    return text if text.isprintable() else ascii(text)
