"""Wait for revocations by other processes: a subscription on its own connection."""

import secrets
import time
from contextlib import suppress
from typing import Any

from flask_watchword.fork_safety import ForkAware, watch_forks
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.valkey.client import TIMEOUT, Server, translated_errors
from flask_watchword.infra.valkey.rows import text
from flask_watchword.locks import process_lock

#: Seconds without a message after which the connection is checked with PING.
QUIET = 1.0

#: Seconds before the second attempt to connect; doubled for each further attempt up to the second.
FIRST_BACK_OFF, LONGEST_BACK_OFF = 0.05, 0.5

#: Messages that are handled as one change.
MOST_AT_ONCE = 1_000


class ChangeSubscription(ForkAware):
    """The subscription of one process; it begins with the first wait, and again after a fork.

    Args:
        server: the server.
        channel: channel on which scripts announce log entries.
    """

    def __init__(self, server: Server, channel: str) -> None:
        self._server = server
        self._channel = channel
        self._lock = process_lock()
        self._is_closed = False
        self.after_fork()
        watch_forks(self)

    def after_fork(self) -> None:
        """Start without a subscription: the connection belongs to the parent."""
        self._wake_channel = f"{self._channel}:{secrets.token_hex(8)}"
        self._subscription: Any = None
        self._heard_at = 0.0
        self._pinged_at: float | None = None
        self._failures = 0

    def wait(self, seconds: float) -> None:
        """Return after a message, after a new subscription, or after so many seconds.

        Raises:
            StoreUnavailable: at once when the connection is lost; after a back-off when no new
                connection can be opened.
        """
        until = time.monotonic() + seconds
        lock = self._lock()
        if not lock.acquire(timeout=max(0.0, seconds)):
            return
        try:
            if self._subscription is None:
                self._subscribe(seconds)
            else:
                self._listen(until)
        except StoreUnavailable:
            self._drop()
            self._failures += 1
            if not self._is_closed:
                raise
        finally:
            lock.release()

    def stop_waiting(self) -> None:
        """Make :meth:`wait` return within a second, and later calls at once."""
        self._is_closed = True

    def close(self) -> None:
        """Wake the waiting threads, and return when no thread waits."""
        self.stop_waiting()
        if self._subscription is not None:
            # If this message is lost, the waiting thread returns after ``QUIET`` seconds.
            with suppress(StoreUnavailable), self._server.client() as client:
                client.publish(self._wake_channel, "")
        lock = self._lock()
        if lock.acquire(timeout=QUIET + TIMEOUT):
            self._drop()
            lock.release()

    def _subscribe(self, seconds: float) -> None:
        if self._failures:
            back_off = min(FIRST_BACK_OFF * 2 ** min(self._failures - 1, 10), LONGEST_BACK_OFF)
            time.sleep(min(back_off, seconds))
        if self._is_closed:
            return
        with self._server.client() as client:
            self._subscription = client.pubsub()
            self._subscription.subscribe(self._channel, self._wake_channel)
            # Messages before the confirmation are lost. So `wait` returns after it, as after a
            # message.
            for _ in range(2):
                if self._next(TIMEOUT) is None:
                    raise StoreUnavailable("no answer to SUBSCRIBE")
        self._failures = 0

    def _listen(self, until: float) -> None:
        with translated_errors():
            while not self._is_closed:
                kind = self._next(min(max(0.0, until - time.monotonic()), QUIET))
                # The client may have subscribed again by itself, which counts as a message.
                if kind in {"message", "subscribe"}:
                    self._take_all()
                    return
                if time.monotonic() >= until:
                    return
                self._check_connection()

    def _take_all(self) -> None:
        # Several messages are one change. Those that arrive later are read by the next call.
        for _ in range(MOST_AT_ONCE):
            if self._next(0.0) is None:
                return

    def _next(self, seconds: float) -> str | None:
        message = self._subscription.get_message(timeout=seconds)
        if message is None:
            return None
        self._heard_at, self._pinged_at = time.monotonic(), None
        return text(message["type"])

    def _check_connection(self) -> None:
        # A connection that a router has dropped looks like a quiet one.
        now = time.monotonic()
        if self._pinged_at is not None:
            if now - self._pinged_at > TIMEOUT:
                raise StoreUnavailable("no answer to PING")
        elif now - self._heard_at >= QUIET:
            self._subscription.ping()
            self._pinged_at = now

    def _drop(self) -> None:
        subscription, self._subscription, self._pinged_at = self._subscription, None, None
        if subscription is not None:
            subscription.close()
