"""Waiting for what other processes revoke: a subscription on a connection of its own."""

import os
import secrets
import time
from contextlib import suppress
from typing import Any

from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.valkey.client import TIMEOUT, Server, translated_errors
from flask_watchword.infra.valkey.rows import text
from flask_watchword.locks import process_lock

#: Seconds of silence after which the connection is asked whether it is still one.
QUIET = 1.0

#: Seconds before the second attempt to connect, doubled for each further one, and the most of it.
FIRST_BACK_OFF, LONGEST_BACK_OFF = 0.05, 0.5

#: Announcements that are taken as one.
MOST_AT_ONCE = 1_000


class Changes:
    """The subscription of one process; made when somebody first waits, and anew after a fork.

    Args:
        server: whom to listen to.
        channel: where scripts announce what they log.
    """

    def __init__(self, server: Server, channel: str) -> None:
        self._server = server
        self._channel = channel
        self._lock = process_lock()
        self._is_closed = False
        self._begin()

    def wait(self, seconds: float) -> None:
        """Return after an announcement, a new subscription, or so many seconds.

        Raises:
            StoreUnavailable: when the connection is lost, at once; and while no new one can be
                made, then after a back-off.
        """
        self._begin_in_child()
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
        """Have :meth:`wait` return within a second, and later calls at once."""
        self._is_closed = True

    def close(self) -> None:
        """Wake the threads that wait, and return when none waits any more."""
        self._begin_in_child()
        self.stop_waiting()
        if self._subscription is not None:
            # Where it does not arrive, who waits notices after a second of silence.
            with suppress(StoreUnavailable), self._server.client() as client:
                client.publish(self._bell, "")
        lock = self._lock()
        if lock.acquire(timeout=QUIET + TIMEOUT):
            self._drop()
            lock.release()

    def _begin_in_child(self) -> None:
        # After a fork the connection is the parent's.
        if self._process != os.getpid():
            self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._bell = f"{self._channel}:{secrets.token_hex(8)}"
        self._subscription: Any = None
        self._heard_at = 0.0
        self._asked_at: float | None = None
        self._failures = 0

    def _subscribe(self, seconds: float) -> None:
        if self._failures:
            back_off = min(FIRST_BACK_OFF * 2 ** min(self._failures - 1, 10), LONGEST_BACK_OFF)
            time.sleep(min(back_off, seconds))
        if self._is_closed:
            return
        with self._server.client() as client:
            self._subscription = client.pubsub()
            self._subscription.subscribe(self._channel, self._bell)
            # Until it is confirmed an announcement could be missed. What was announced before is
            # unknown, so this counts as one.
            for _ in range(2):
                if self._next(TIMEOUT) is None:
                    raise StoreUnavailable("no answer to SUBSCRIBE")
        self._failures = 0

    def _listen(self, until: float) -> None:
        with translated_errors():
            while not self._is_closed:
                kind = self._next(min(max(0.0, until - time.monotonic()), QUIET))
                # The client may have subscribed again by itself: as good as an announcement.
                if kind in {"message", "subscribe"}:
                    self._take_all()
                    return
                if time.monotonic() >= until:
                    return
                self._ask_whether_connected()

    def _take_all(self) -> None:
        # Many at once are one change. What comes after the last of these is found next time.
        for _ in range(MOST_AT_ONCE):
            if self._next(0.0) is None:
                return

    def _next(self, seconds: float) -> str | None:
        message = self._subscription.get_message(timeout=seconds)
        if message is None:
            return None
        self._heard_at, self._asked_at = time.monotonic(), None
        return text(message["type"])

    def _ask_whether_connected(self) -> None:
        # A connection that a router has forgotten looks like one on which nothing happens.
        now = time.monotonic()
        if self._asked_at is not None:
            if now - self._asked_at > TIMEOUT:
                raise StoreUnavailable("no answer to PING")
        elif now - self._heard_at >= QUIET:
            self._subscription.ping()
            self._asked_at = now

    def _drop(self) -> None:
        subscription, self._subscription, self._asked_at = self._subscription, None, None
        if subscription is not None:
            subscription.close()
