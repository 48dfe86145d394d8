"""The background thread that keeps a process's copy of the revocations up to date."""

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

#: Seconds between two attempts while the store does not respond: the first, and the longest.
_FIRST_DELAY = 0.05
_LONGEST_DELAY = 0.5

_logger = logging.getLogger(__name__)


class Followed(Protocol):
    """A copy of store data that the thread keeps up to date."""

    def catch_up(self) -> None:
        """Bring the copy up to date."""

    def clean_up(self) -> None:
        """Delete expired entries."""


class Follower(ForkAware):
    """Run one thread for a feed in each process, until the feed is collected or closed.

    Args:
        store: the store that it waits for.
        seconds: the longest wait.
        resources: of the application; the last thread to end closes them.
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
        """Forget the parent's thread, which does not exist in the child."""
        self.thread = None

    def is_running(self) -> bool:
        """Tell whether the thread is running or being started."""
        thread = self.thread
        return thread is not None and (thread.is_alive() or thread.ident is None)

    def ensure_running(self, feed: Followed) -> None:
        """Start the thread unless it is running. It holds the feed only while it uses it."""
        if self.is_running():
            return
        with self._lock():
            if self.is_running() or self.is_closed:
                return
            thread = self.thread = threading.Thread(
                target=self._follow, args=(ref(feed),), name="watchword-revocations", daemon=True
            )
        # Outside the lock, see `process_lock`.
        try:
            thread.start()
        except RuntimeError as error:
            # The process cannot start another thread. Requests then bring the copy up to date.
            self.thread = None
            _logger.warning("The thread that follows revocations cannot start: %s", error)

    def stop(self) -> None:
        """Make the thread end, at the latest after its present wait."""
        self.is_closed = True

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread, at most ``seconds``."""
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
        delay, is_down = _FIRST_DELAY, False
        while not self.is_closed:
            try:
                if not _update(feed):
                    return
                self._store.wait_for_change(self._seconds)
            except StoreUnavailable as error:
                if not is_down:
                    _logger.warning("The session store does not respond: %s", error)
                is_down = True
            except Exception:
                # Continue: without the thread each request would have to bring the copy up to date.
                _logger.exception("Following the revocations failed")
            else:
                if is_down:
                    _logger.warning("The session store responds again")
                delay, is_down = _FIRST_DELAY, False
                continue
            # Not an event: setting one takes a lock, which `stop` must not do.
            time.sleep(delay)
            delay = min(2 * delay, _LONGEST_DELAY)


def _update(feed: "ref[Followed]") -> bool:
    held = feed()
    if held is None:
        return False
    held.catch_up()
    held.clean_up()
    return True
