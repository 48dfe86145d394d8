"""Granian's server, but for the sockets of its workers, and for how it replaces and ends them."""

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

from flask_watchword.cli.serving.listeners import listeners

_logger = logging.getLogger(__name__)

#: Seconds within which a second signal is taken for the first: `timeout` sends it twice at once.
SAME_SIGNAL_SECONDS = 1.0

#: Seconds that a worker which is replaced has for reading what is asked on the connections that it
#: took last.
_LAST_SECONDS = 0.5

#: Seconds between two looks at whether a worker has ended or a signal has come.
_LOOK_SECONDS = 0.02


class WorkerServer(MPServer):
    """Granian's server, but for how its workers get connections, are replaced and end.

    On Linux granian lets each worker make a socket of its own by SO_REUSEPORT. The connections
    that wait at one are reset when its worker ends. Here the first process makes one for each
    place of a worker, and keeps it: what waits there, waits for the next worker in that place.
    """

    _told_to_stop_at: float | None = None

    def _init_shared_socket(self) -> None:
        self._ssp = None
        self._listeners = listeners(self.bind_addr, self.bind_port, self.workers, self.backlog)

    def _drop_shared_socket(self) -> None:
        for listener in self._listeners:
            listener.close()

    # Granian's own differs from what its base class announces.
    def _spawn_worker(  # type: ignore[override]
        self, idx: int, target: Callable[..., None], callback_loader: Callable[[], Flask]
    ) -> WorkerProcess:
        own = self._listeners[idx % len(self._listeners)]
        # Its stubs know neither what makes a holder nor that there may be one.
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
        with _signals_held_back():
            super()._spawn_workers(spawn_target, target_loader)  # type: ignore[no-untyped-call]

    def _respawn_workers(
        self,
        workers: list[int],
        spawn_target: Callable[..., None],
        target_loader: Callable[[], Flask],
        delay: float = 0,
    ) -> None:
        # Granian would look for a signal to stop only when all of them are replaced.
        for idx in workers:
            if not self.interrupt_signal:
                self._replace(idx, spawn_target, target_loader, delay)
        if self.interrupt_signal:
            # Granian has forgotten what woke it, which may have been this.
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
        with _signals_held_back():
            self.wrks[idx] = self._spawn_worker(idx, spawn_target, target_loader)
            self.wrks[idx].start()  # type: ignore[no-untyped-call]
        # Until it has ended it is one of those whom a signal to stop is for.
        self.wrks.append(old)
        if self._told_to_stop(delay):
            return
        _let_take_no_more(old)
        if self._told_to_stop(_LAST_SECONDS, before_the_end_of=old):
            return
        old.terminate()  # type: ignore[no-untyped-call]
        if self._told_to_stop(self.workers_kill_timeout or 0, before_the_end_of=old):
            return
        # Nothing is left of it by now, or it takes too long.
        old.kill()  # type: ignore[no-untyped-call]
        old.join()  # type: ignore[no-untyped-call]
        self.wrks.remove(old)

    def _told_to_stop(self, seconds: float, before_the_end_of: WorkerProcess | None = None) -> bool:
        """Wait so long, or until the worker has ended; return at once when told to stop."""
        worker, until = before_the_end_of, time.monotonic() + seconds
        while not self.interrupt_signal and time.monotonic() < until:
            if worker is not None and not worker.is_alive():  # type: ignore[no-untyped-call]
                return False
            # An event would not do: the handler that sets it interrupts who waits for it, and
            # perhaps while that holds its lock.
            time.sleep(_LOOK_SECONDS)
        return bool(self.interrupt_signal)

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        """Stop; whoever asks once more does not want to wait for the requests in flight."""
        now = time.monotonic()
        if self._told_to_stop_at is None:
            self._told_to_stop_at = now
        elif now - self._told_to_stop_at > SAME_SIGNAL_SECONDS:
            _logger.warning("told to stop once more: requests in flight are cut off")
            for worker in self.wrks:
                worker.kill()  # type: ignore[no-untyped-call]
        # Where all processes are sent the signal, as systemd does, the workers end by themselves.
        for worker in self.wrks:
            worker.interrupt_by_parent = True
        super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]

    def shutdown(self, exit_code: int = 0) -> None:
        """Stop the workers; one that was sent the signal as well has not failed."""
        if self.interrupt_signal:
            _logger.info("stopping: what has begun is answered first")
            self.interrupt_children.clear()
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]


class _WorkerLoader:
    """Makes the application of a worker, in the process that is to serve it.

    Args:
        load: makes it.
        own: the descriptor of its socket.
        others: the sockets of the other workers, which this one has got as well. While it answers
            what it has begun, clients would go on being connected to sockets whose own workers
            have ended.
    """

    def __init__(self, load: Callable[[], Flask], own: int, others: list[socket.socket]) -> None:
        self._load = load
        self._own = own
        self._others = others

    def __call__(self) -> Flask:
        for listener in self._others:
            listener.close()
        # Until it serves, a signal to stop just ends it. The handler that a forked worker has from
        # the first process would make that wait for it.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGUSR1, self._take_no_more)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGUSR1})
        return self._load()

    def _take_no_more(self, *_: object) -> None:
        # Granian goes on asking the descriptor, and finds a socket that nobody connects to.
        with socket.create_server(("127.0.0.1", 0)) as nobodys:
            nobodys.setblocking(False)
            os.dup2(nobodys.fileno(), self._own)


def _let_take_no_more(worker: WorkerProcess) -> None:
    """Let a worker leave new connections to the one that takes its place.

    When it is told to end, it closes those on which it has not yet read what is asked.
    """
    if worker.is_alive():  # type: ignore[no-untyped-call]
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker.inner.pid, signal.SIGUSR1)


@contextlib.contextmanager
def _signals_held_back() -> Iterator[None]:
    """Keep signals from the processes that are started meanwhile, and from this one until after.

    Ctrl+C and a hang-up in a terminal reach all processes, but it is the first one that tells the
    others what to do. That is by SIGUSR1 and SIGTERM, which they take as soon as they know how.
    """
    held = {signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
