"""Start worker processes, replace them on SIGHUP or when they die, and stop them."""

import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any

from flask_watchword.cli.serving.worker import WORKER_SIGNALS, Worker

_logger = logging.getLogger(__name__)

#: Seconds within which a repeated signal counts as the same one: `timeout` sends it twice at once.
SAME_SIGNAL_SECONDS = 1.0

#: Seconds a stopping worker has to finish its requests in flight.
_STOP_SECONDS = 10.0
#: Seconds that a reload waits until a new worker serves before the old one is stopped.
_START_SECONDS = 30.0
#: Seconds that a worker being replaced has to read requests on the connections it accepted last.
_DRAIN_SECONDS = 0.5
#: A worker that dies within these seconds after it has replaced a dead one is not replaced.
_CRASH_LOOP_SECONDS = 5.5


@dataclass(eq=False)
class _Running:
    """A worker process.

    Attributes:
        number: the number of its socket.
        process: the process.
        ready: gets a message as soon as it serves.
        replaces_dead: whether it has replaced one that died.
        began: the time at which it was started.
    """

    number: int
    process: BaseProcess
    ready: Any
    replaces_dead: bool
    began: float

    def signal(self, number: signal.Signals) -> None:
        """Send a signal. A worker that does not serve yet has nothing to finish: it is killed."""
        if not self.ready.poll():
            self.process.kill()
        elif self.process.is_alive() and self.process.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, number)


class Supervisor:
    """The main process: one worker for each listening socket.

    The main process keeps the sockets open. Connections that wait at one of them when its worker
    ends go to the next worker of that socket.

    Args:
        worker: what each worker does.
        listeners: the listening sockets; at least one.
        workers: number of workers.
        reload: called on SIGHUP, before the workers are replaced.
    """

    def __init__(
        self,
        worker: Worker,
        listeners: Sequence[socket.socket],
        workers: int,
        reload: Callable[[], None],
    ) -> None:
        self._worker, self._listeners, self._reload = worker, listeners, reload
        self._numbers = range(workers)
        self._running: list[_Running] = []
        self._stop_requested_at: float | None = None
        self._is_reload_requested = False

    def run(self) -> None:
        """Serve until a signal stops the service.

        Raises:
            SystemExit: with status 1, if the workers keep dying.
        """
        with _signals_to(self._request_stop, self._request_reload) as self._wakeup:
            for number in self._numbers:
                self._start(number)
            try:
                self._supervise()
            finally:
                self._stop()

    def _supervise(self) -> None:
        while not self._is_stopping():
            for dead in [one for one in self._running if not one.process.is_alive()]:
                self._replace_dead(dead)
            if self._is_reload_requested:
                self._is_reload_requested = False
                self._reload()
                for old in list(self._running):
                    if not self._is_stopping():
                        self._replace(old)
            else:
                self._pause(None, *(one.process.sentinel for one in self._running))

    def _start(self, number: int, *, replaces_dead: bool = False) -> _Running:
        own = self._listeners[number % len(self._listeners)]
        others = [listener for listener in self._listeners if listener is not own]
        ready, theirs = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.Process(
            target=self._worker.run, args=(own, others, theirs), name=f"worker-{number + 1}"
        )
        started = _Running(number, process, ready, replaces_dead, time.monotonic())
        with _signals_blocked():
            process.start()
            self._running.append(started)
        theirs.close()
        return started

    def _replace_dead(self, dead: _Running) -> None:
        self._end(dead)
        if self._is_stopping():
            return
        _logger.error("worker %d ended unexpectedly", dead.number + 1)
        if dead.replaces_dead and time.monotonic() - dead.began <= _CRASH_LOOP_SECONDS:
            _logger.error("workers keep ending; stopping")
            sys.exit(1)
        self._start(dead.number, replaces_dead=True)

    def _replace(self, old: _Running) -> None:
        new = self._start(old.number)
        self._pause_until(_START_SECONDS, new.ready, new.process.sentinel)
        if self._is_stopping():
            return
        # On SIGTERM alone, a worker closes connections whose request it has not read.
        old.signal(signal.SIGUSR1)
        self._pause_until(_DRAIN_SECONDS, old.process.sentinel)
        if self._is_stopping():
            return
        old.signal(signal.SIGTERM)
        self._pause_until(_STOP_SECONDS, old.process.sentinel)
        if not self._is_stopping():
            # It has ended by now, or it takes too long.
            self._end(old)

    def _stop(self) -> None:
        _logger.info("stopping: finishing requests in flight")
        for listener in self._listeners:
            listener.close()
        for one in self._running:
            one.signal(signal.SIGTERM)
        until = time.monotonic() + _STOP_SECONDS
        while self._running and (left := until - time.monotonic()) > 0:
            ended = wait([one.process.sentinel for one in self._running], left)
            for one in [one for one in self._running if one.process.sentinel in ended]:
                self._end(one)
        for one in list(self._running):
            self._end(one)

    def _end(self, one: _Running) -> None:
        one.process.kill()
        one.process.join()
        one.ready.close()
        self._running.remove(one)

    def _is_stopping(self) -> bool:
        return self._stop_requested_at is not None

    def _pause_until(self, seconds: float, *events: Any) -> None:
        """Wait for the first event, a time or a signal to stop."""
        until = time.monotonic() + seconds
        while not self._is_stopping() and (left := until - time.monotonic()) > 0:
            if self._pause(left, *events):
                return

    def _pause(self, seconds: float | None, *events: Any) -> bool:
        """Wait for an event, a time or any signal; tell whether it was an event."""
        found = wait([self._wakeup, *events], seconds)
        if self._wakeup in found:
            with contextlib.suppress(BlockingIOError):
                self._wakeup.recv(4096)
            found.remove(self._wakeup)
        return bool(found)

    def _request_reload(self, *_: object) -> None:
        self._is_reload_requested = True

    def _request_stop(self, *_: object) -> None:
        """Stop; on a second signal, without waiting for the requests in flight."""
        now = time.monotonic()
        if self._stop_requested_at is None:
            self._stop_requested_at = now
        elif now - self._stop_requested_at > SAME_SIGNAL_SECONDS:
            _logger.warning("second stop signal: aborting requests in flight")
            for one in self._running:
                one.process.kill()


@contextlib.contextmanager
def _signals_to(stop: Callable[..., None], reload: Callable[..., None]) -> Iterator[socket.socket]:
    """Handle signals in the block; lend a socket that becomes readable when one has come."""
    handlers = {signal.SIGINT: stop, signal.SIGTERM: stop, signal.SIGHUP: reload}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    readable, written = socket.socketpair()
    readable.setblocking(False)
    written.setblocking(False)
    previous = signal.set_wakeup_fd(written.fileno(), warn_on_full_buffer=False)
    try:
        yield readable
    finally:
        signal.set_wakeup_fd(previous)
        readable.close()
        written.close()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block signals in processes that are started in the block, and in this one until its end.

    Ctrl+C and a terminal's hang-up reach all processes, but the main process controls the others.
    It does so with other signals, for which workers wait.
    """
    blocked = {signal.SIGINT, signal.SIGHUP, *WORKER_SIGNALS}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
