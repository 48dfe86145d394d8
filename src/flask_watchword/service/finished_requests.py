"""Count and log finished requests in batches, in a background thread."""

import atexit
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from weakref import WeakSet

import msgspec

from flask_watchword.extension.resources import Resources
from flask_watchword.fork_safety import ForkAware, watch_forks
from flask_watchword.locks import process_lock

#: Seconds between two batches while requests are coming in.
_INTERVAL = 0.1
#: Requests that wait to be counted before the next request counts them itself.
_MAX_UNCOUNTED = 1_000
#: Lines that wait for a log whose reader is too slow; further ones are lost.
_MAX_LINES = 20_000
#: Seconds that the exit of a process waits for a log whose reader has stopped.
_EXIT_SECONDS = 1.0

_logger = logging.getLogger(__name__)


class FinishedRequest(msgspec.Struct, gc=False):
    """A request with its response, as far as the metrics and the access log need it.

    Attributes:
        endpoint: the name of the service's endpoint; ``None`` for another request, which is logged
            but not counted.
        method: the method; ``-`` for one that HTTP does not define.
        path: the URL rule, or ``-``. Not the path: a token that was pasted into a URL must not end
            up in the log.
        status: the status of the response.
        seconds: the duration.
        finished_at: seconds since the epoch.
        address: the IP address of the client, or ``-``.
        request_id: the id of the request.
        user: the id of the user, from a verified token.
        session: the id of the session, from a verified token.
    """

    endpoint: str | None
    method: str
    path: str
    status: int
    seconds: float
    finished_at: float
    address: str
    request_id: str
    user: str | None = None
    session: str | None = None


Batch = Sequence[FinishedRequest]


class FinishedRequests(ForkAware):
    """The finished requests of a process that are not counted or logged yet.

    Counting a request and writing its line take longer than appending it to a queue, and a log
    whose reader has stopped would block every request. The queues are processed by a thread that
    starts with the first request, every 0.1 seconds while there are requests; and when the
    application is closed, and when the process exits.

    Args:
        count: adds requests to the metrics.
        write: writes the lines of requests, after a line about those that were lost.
        shares_metrics: whether other processes read the metrics of this one, which then have to be
            up to date at any time.
        resources: of the application; closing them ends the thread.
    """

    def __init__(
        self,
        count: Callable[[Batch], None],
        write: Callable[[Batch, int], None],
        *,
        shares_metrics: bool,
        resources: Resources,
    ) -> None:
        self._count = count
        self._write = write
        self._shares_metrics = shares_metrics
        self._resources = resources
        self._uncounted: deque[FinishedRequest] = deque()
        self._unwritten: deque[FinishedRequest] = deque()
        self._lost = 0
        self._counting = process_lock()
        self._writing = process_lock()
        self._starting = process_lock()
        self._thread: threading.Thread | None = None
        self._is_busy = False
        self._is_stopped = False
        # Unlike an event, a queue can be used in `stop`, see `Background`.
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        resources.add_background(self)
        watch_forks(self)
        _all.add(self)

    def after_fork(self) -> None:
        """Forget the thread of the parent process, and its requests, which it processes itself."""
        self._uncounted.clear()
        self._unwritten.clear()
        self._thread, self._is_busy, self._lost, self._wake = None, False, 0, queue.SimpleQueue()

    def add(self, request: FinishedRequest, *, is_logged: bool) -> None:
        """Add a request.

        Args:
            request: the request.
            is_logged: whether its line is to be written.
        """
        if request.endpoint is not None:
            self._uncounted.append(request)
        if is_logged:
            if len(self._unwritten) < _MAX_LINES:
                self._unwritten.append(request)
            else:
                self._lost += 1
        if not self._is_busy and (is_logged or self._shares_metrics):
            self._wake_thread()
        if len(self._uncounted) >= _MAX_UNCOUNTED:
            self.count()

    def count(self) -> bool:
        """Add the requests that have finished to the metrics; tell whether there were any."""
        with self._counting():
            batch = _take_all(self._uncounted)
            if batch:
                self._count(batch)
        return bool(batch)

    def finish(self, seconds: float = _EXIT_SECONDS) -> None:
        """Count and log what has finished.

        Args:
            seconds: the longest time to wait for the thread, which may be blocked while it writes.
        """
        self.count()
        writing = self._writing()
        if writing.acquire(timeout=seconds):
            try:
                self._write_all()
            finally:
                writing.release()

    def stop(self) -> None:
        """Make the thread end."""
        self._is_stopped = True
        self._wake.put(None)

    def is_running(self) -> bool:
        """Tell whether the thread is running or being started."""
        thread = self._thread
        return thread is not None and (thread.is_alive() or thread.ident is None)

    def join(self, seconds: float) -> None:
        """Wait until the thread has ended, for at most ``seconds``, and process the rest."""
        thread = self._thread
        if thread is not None and thread.ident not in (None, threading.get_ident()):
            thread.join(seconds)
        self.finish()

    def _wake_thread(self) -> None:
        if self._thread is None:
            self._start()
        self._wake.put(None)

    def _start(self) -> None:
        with self._starting():
            if self._thread is not None or self._is_stopped:
                return
            thread = self._thread = threading.Thread(
                target=self._run, name="watchword-requests", daemon=True
            )
        # Outside the lock, see `process_lock`.
        try:
            thread.start()
        except RuntimeError:
            # The process cannot start another thread. The next request tries again.
            self._thread = None

    def _run(self) -> None:
        try:
            while not self._is_stopped:
                self._wake.get()
                self._process_until_idle()
        finally:
            self._thread = None
            self._resources.thread_ended()

    def _process_until_idle(self) -> None:
        self._is_busy = True
        while True:
            try:
                found = self.count()
                with self._writing():
                    found = self._write_all() or found
            except Exception:
                # Continue: the next batch may succeed.
                _logger.exception("finished requests could not be counted or logged")
                found = True
            if found:
                time.sleep(_INTERVAL)
                continue
            self._is_busy = False
            if not (self._uncounted or self._unwritten):
                return
            # Added in between, by a request that did not wake a busy thread.
            self._is_busy = True

    def _write_all(self) -> bool:
        batch, lost = _take_all(self._unwritten), self._lost
        self._lost -= lost
        if batch or lost:
            self._write(batch, lost)
        return bool(batch or lost)


_all: WeakSet[FinishedRequests] = WeakSet()


@atexit.register
def _finish_all() -> None:
    for each in list(_all):
        each.finish()


def _take_all(waiting: deque[FinishedRequest]) -> Batch:
    # Requests may be appended in the meantime; they are in the next batch.
    return [waiting.popleft() for _ in range(len(waiting))]
