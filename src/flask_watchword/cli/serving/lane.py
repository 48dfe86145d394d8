"""Run requests on one thread at a time; while one waits, another thread takes over.

Threads that all compute compete for Python's global lock: 32 of them halve the throughput. A
request that waits, for a store or for a password hash, must not hold up the others either. So the
lane lets one thread run, and as soon as that one waits, a further one.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_logger = logging.getLogger(__name__)

#: Seconds that a request may take before the lane assumes that it waits.
_STUCK_SECONDS = 0.01


class _Runner:
    """One thread of a lane.

    Attributes:
        since: the time at which its request began; ``None`` while it has none.
        is_replaced: whether another thread runs in its place.
        may_run: what it waits for while it is parked.
    """

    __slots__ = ("is_replaced", "may_run", "since")

    def __init__(self) -> None:
        self.since: float | None = None
        self.is_replaced = False
        self.may_run = threading.Semaphore(0)


class Lane:
    """Threads that run tasks in the order in which they were submitted.

    Args:
        width: threads that run at the same time, not counting those that wait.
        max_threads: the maximum number of threads; tasks beyond that wait.
        clock: returns the time in seconds.
    """

    def __init__(
        self, width: int, max_threads: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._width, self._max_threads, self._clock = width, max_threads, clock
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._running = 0
        self._runners: list[_Runner] = []
        self._parked: list[_Runner] = []
        self._is_busy = threading.Event()
        self._current = threading.local()

    def start(self) -> None:
        """Start the first threads, and the one that notices which of them wait."""
        with self._lock:
            self._fill()
        threading.Thread(target=self._watch, name="lane-watch", daemon=True).start()

    def submit(self, task: Callable[[], None]) -> None:
        """Run a task as soon as a thread is free."""
        self._tasks.put(task)
        if not self._is_busy.is_set():
            self._is_busy.set()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let another thread run from here on, because the current task waits."""
        runner: _Runner | None = getattr(self._current, "runner", None)
        if runner is not None:
            self._replace(runner)
        yield

    def replace_stuck(self) -> None:
        """Let another thread run in the place of each whose task takes long."""
        now = self._clock()
        for runner in list(self._runners):
            since = runner.since
            if since is not None and not runner.is_replaced and now - since >= _STUCK_SECONDS:
                self._replace(runner)

    def _replace(self, runner: _Runner) -> None:
        with self._lock:
            if not runner.is_replaced and runner.since is not None:
                runner.is_replaced = True
                self._running -= 1
                self._fill()

    def _fill(self) -> None:
        while self._running < self._width:
            if self._parked:
                self._parked.pop().may_run.release()
            elif len(self._runners) < self._max_threads:
                runner = _Runner()
                self._runners.append(runner)
                threading.Thread(target=self._run, args=(runner,), name="lane", daemon=True).start()
            else:
                return
            self._running += 1

    def _run(self, runner: _Runner) -> None:
        self._current.runner = runner
        while True:
            task = self._tasks.get()
            runner.since = self._clock()
            try:
                task()
            except Exception:
                _logger.exception("request failed")
            runner.since = None
            del task
            if runner.is_replaced:
                self._return(runner)

    def _return(self, runner: _Runner) -> None:
        """Go on running, or park if others run in the place of this thread."""
        with self._lock:
            runner.is_replaced = False
            if self._running < self._width:
                self._running += 1
                return
            self._parked.append(runner)
        runner.may_run.acquire()

    def _watch(self) -> None:
        while True:
            self._is_busy.wait()
            time.sleep(_STUCK_SECONDS)
            self.replace_stuck()
            self._is_busy.clear()
            if not self._tasks.empty() or any(
                runner.since is not None and not runner.is_replaced for runner in self._runners
            ):
                self._is_busy.set()
