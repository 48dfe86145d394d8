"""The thread that keeps a copy of the revocations up to date."""

import logging
import threading
import time
from typing import Protocol
from weakref import ref

from flask_watchword.extension.resources import Resources
from flask_watchword.fork_safety import ForkAware, watch_forks
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.locks import process_lock
from flask_watchword.sessions.store import SessionStore

#: Seconds between two attempts on a store that does not answer: the first, and the longest.
_FIRST_DELAY = 0.05
_LONGEST_DELAY = 0.5

_logger = logging.getLogger(__name__)


class Followed(Protocol):
    """What is kept up to date."""

    def catch_up(self) -> None:
        """Bring the copy up to date."""

    def tidy(self) -> None:
        """Drop what has expired."""


class Follower(ForkAware):
    """Runs one thread for a feed, in each process that needs one, until either is gone or closed.

    Args:
        store: whose changes it waits for.
        seconds: the longest wait.
        resources: of the application; closes them where this thread is the last to end.
    """

    def __init__(self, store: SessionStore, seconds: float, resources: Resources) -> None:
        self.is_closed = False
        self.thread: threading.Thread | None = None
        self._store = store
        self._seconds = seconds
        self._resources = resources
        self._lock = process_lock()
        resources.add_background(self)
        watch_forks(self)

    def after_fork(self) -> None:
        """Forget the thread of the parent."""
        self.thread = None

    def runs(self) -> bool:
        """Tell whether the thread runs, or is being started."""
        thread = self.thread
        return thread is not None and (thread.is_alive() or thread.ident is None)

    def ensure_running(self, feed: Followed) -> None:
        """Start the thread unless it runs. It holds the feed only while it works on it."""
        if self.runs():
            return
        with self._lock():
            if self.runs() or self.is_closed:
                return
            thread = self.thread = threading.Thread(
                target=self._follow, args=(ref(feed),), name="watchword-revocations", daemon=True
            )
        # Outside of the lock, see PerProcess.
        try:
            thread.start()
        except RuntimeError as error:
            # The process may have no further thread. Requests bring the copy up to date instead.
            self.thread = None
            _logger.warning("Nothing follows the revocations: %s", error)

    def stop(self) -> None:
        """Have the thread end soon, at the latest when it has waited for its store."""
        self.is_closed = True

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread, ``seconds`` at most."""
        thread = self.thread
        if thread is not None and thread.ident not in (None, threading.get_ident()):
            thread.join(seconds)

    def _follow(self, feed: "ref[Followed]") -> None:
        try:
            self._follow_until_gone(feed)
        finally:
            self.thread = None
            self._resources.thread_ended()

    def _follow_until_gone(self, feed: "ref[Followed]") -> None:
        delay, is_lost = _FIRST_DELAY, False
        while not self.is_closed:
            try:
                if not _turn(feed):
                    return
                self._store.wait_for_change(self._seconds)
            except StoreUnavailable as error:
                if not is_lost:
                    _logger.warning("The session store does not answer: %s", error)
                is_lost = True
            except Exception:
                # The thread goes on: without it each request would have to bring the copy up to
                # date.
                _logger.exception("Following the revocations failed")
            else:
                if is_lost:
                    _logger.warning("The session store answers again")
                delay, is_lost = _FIRST_DELAY, False
                continue
            # Not an event: to set one takes a lock, which `stop` must not.
            time.sleep(delay)
            delay = min(2 * delay, _LONGEST_DELAY)


def _turn(feed: "ref[Followed]") -> bool:
    held = feed()
    if held is None:
        return False
    held.catch_up()
    held.tidy()
    return True
