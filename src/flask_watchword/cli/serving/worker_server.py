"""Granian's server with its own listening sockets, worker replacement and shutdown."""

import contextlib
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask
from granian._granian import SocketHolder
from granian.server.mp import MPServer, WorkerProcess

from flask_watchword.cli.serving.listeners import listening_sockets

_logger = logging.getLogger(__name__)

#: Seconds within which a repeated signal counts as the same one: `timeout` sends it twice at once.
SAME_SIGNAL_SECONDS = 1.0

#: Seconds that a worker being replaced has to read requests on the connections it accepted last.
_DRAIN_SECONDS = 0.5

#: Seconds between two checks whether a worker has ended or a signal has arrived.
_POLL_SECONDS = 0.02


class WorkerServer(MPServer):
    """Granian's server, except for how its workers get connections, are replaced and stop.

    On Linux granian lets each worker create a socket of its own with SO_REUSEPORT. Connections
    that wait at a socket are reset when its worker ends. Here the main process creates one socket
    for each worker index and keeps it: waiting connections go to the next worker of that index.
    """

    _stop_requested_at: float | None = None

    def _init_shared_socket(self) -> None:
        self._ssp = None
        self._listeners = listening_sockets(
            self.bind_addr, self.bind_port, self.workers, self.backlog
        )

    def _drop_shared_socket(self) -> None:
        for listener in self._listeners:
            listener.close()

    # Granian's implementation has another signature than its base class.
    def _spawn_worker(  # type: ignore[override]
        self, idx: int, target: Callable[..., None], callback_loader: Callable[[], Flask]
    ) -> WorkerProcess:
        own = self._listeners[idx % len(self._listeners)]
        # The stubs have neither the holder's arguments nor the attribute.
        holder: Any = SocketHolder(own.fileno(), False, self.backlog)  # type: ignore[call-arg]
        self._sso, self._shd = own, holder
        others = [listener for listener in self._listeners if listener is not own]
        worker: WorkerProcess = super()._spawn_worker(
            idx, target, _WorkerLoader(callback_loader, own.fileno(), others)
        )
        return worker

    def _spawn_workers(
        self, spawn_target: Callable[..., None], target_loader: Callable[[], Flask]
    ) -> None:
        with _signals_blocked():
            super()._spawn_workers(spawn_target, target_loader)  # type: ignore[no-untyped-call]

    def _respawn_workers(
        self,
        workers: list[int],
        spawn_target: Callable[..., None],
        target_loader: Callable[[], Flask],
        delay: float = 0,
    ) -> None:
        # Granian would check for a stop signal only after replacing all of them.
        for idx in workers:
            if not self.interrupt_signal:
                self._replace(idx, spawn_target, target_loader, delay)
        if self.interrupt_signal:
            # Granian has cleared its wake-up event, which may have been set for this signal.
            self.main_loop_interrupt.set()

    def _replace(
        self,
        idx: int,
        spawn_target: Callable[..., None],
        target_loader: Callable[[], Flask],
        delay: float,
    ) -> None:
        old = self.wrks[idx]
        self.respawned_wrks[idx] = time.monotonic()
        with _signals_blocked():
            self.wrks[idx] = self._spawn_worker(idx, spawn_target, target_loader)
            self.wrks[idx].start()  # type: ignore[no-untyped-call]
        # Until it has ended, a stop signal is for this worker too.
        self.wrks.append(old)
        if self._stop_requested(delay):
            return
        _stop_accepting(old)
        if self._stop_requested(_DRAIN_SECONDS, before_end_of=old):
            return
        old.terminate()  # type: ignore[no-untyped-call]
        if self._stop_requested(self.workers_kill_timeout or 0, before_end_of=old):
            return
        # It has ended by now, or it takes too long.
        old.kill()  # type: ignore[no-untyped-call]
        old.join()  # type: ignore[no-untyped-call]
        self.wrks.remove(old)

    def _stop_requested(self, seconds: float, before_end_of: WorkerProcess | None = None) -> bool:
        """Wait for a time or the end of a worker; return true as soon as a stop is requested."""
        worker, until = before_end_of, time.monotonic() + seconds
        while not self.interrupt_signal and time.monotonic() < until:
            if worker is not None and not worker.is_alive():  # type: ignore[no-untyped-call]
                return False
            # Not an event: the signal handler that sets it may interrupt the waiting code while
            # that holds the event's lock.
            time.sleep(_POLL_SECONDS)
        return bool(self.interrupt_signal)

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        """Stop; on a second signal, without waiting for the requests in flight."""
        now = time.monotonic()
        if self._stop_requested_at is None:
            self._stop_requested_at = now
        elif now - self._stop_requested_at > SAME_SIGNAL_SECONDS:
            _logger.warning("second stop signal: aborting requests in flight")
            for worker in self.wrks:
                worker.kill()  # type: ignore[no-untyped-call]
        # If all processes get the signal, as systemd sends it, the workers end by themselves.
        for worker in self.wrks:
            worker.interrupt_by_parent = True
        super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]

    def shutdown(self, exit_code: int = 0) -> None:
        """Stop the workers; a worker that got the signal as well has not failed."""
        if self.interrupt_signal:
            _logger.info("stopping: finishing requests in flight")
            self.interrupt_children.clear()
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]


class _WorkerLoader:
    """Create the application of a worker, in the worker process.

    Args:
        load: creates the application.
        own: the file descriptor of the worker's socket.
        others: the sockets of the other workers, which this process has inherited. They are
            closed: while this worker finishes its requests, clients would still be connected to
            sockets whose own workers have ended.
    """

    def __init__(self, load: Callable[[], Flask], own: int, others: list[socket.socket]) -> None:
        self._load = load
        self._own = own
        self._others = others

    def __call__(self) -> Flask:
        for listener in self._others:
            listener.close()
        # Until it serves, a stop signal ends it at once. With the handler that a forked worker
        # inherits, the main process would wait for it.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGUSR1, self._stop_accepting)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGUSR1})
        return self._load()

    def _stop_accepting(self, *_: object) -> None:
        # Granian keeps accepting on the descriptor, and gets a socket without any clients.
        with socket.create_server(("127.0.0.1", 0)) as unused:
            unused.setblocking(False)
            os.dup2(unused.fileno(), self._own)


def _stop_accepting(worker: WorkerProcess) -> None:
    """Make a worker leave new connections to its replacement.

    Without this, a worker that is terminated closes connections whose request it has not read yet.
    """
    if worker.is_alive():  # type: ignore[no-untyped-call]
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker.inner.pid, signal.SIGUSR1)


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block signals in processes that are started in the block, and in this one until its end.

    Ctrl+C and a terminal's hang-up reach all processes, but the main process controls the others.
    It does so with SIGUSR1 and SIGTERM, which workers unblock once their handlers are installed.
    """
    blocked = {signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
