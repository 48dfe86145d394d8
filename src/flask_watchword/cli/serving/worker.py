"""A worker process: create the application, and serve one listening socket with it."""

import logging.config
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from flask import Flask

from flask_watchword.cli.serving.bodies import Bodies, BodyLimits
from flask_watchword.cli.serving.engine import Engine, Limits
from flask_watchword.cli.serving.lane import Lane
from flask_watchword.cli.serving.request_runner import RequestRunner
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import context_of
from flask_watchword.service.features.table import active_features, endpoints_of

#: The signals to a worker, which every thread of it blocks: SIGUSR1, then SIGTERM.
WORKER_SIGNALS = frozenset({signal.SIGUSR1, signal.SIGTERM})

#: Seconds that a connection, new or kept alive, may stay open without a complete request head. More
#: than the 60 for which proxies keep connections, so that no proxy uses one that is being closed.
_HEAD_SECONDS = 75
#: Size of a request head: two cookies with tokens of the maximum size, and the rest.
_HEAD_BYTES = 32 * 1024
#: Seconds in which a body has to arrive; nginx waits as long between two reads.
_BODY_SECONDS = 60
#: Bytes that the incomplete bodies of a worker may take.
_BODY_MEMORY = 32 * 1024 * 1024
#: Threads of a worker that run requests at the same time; others compete for Python's global lock.
_WIDTH = 1
#: Threads of a worker, with those that wait. Fewer than that wait for a core to compute a hash.
_MAX_THREADS = 32


@dataclass(frozen=True)
class Worker:
    """What a worker process does. Pickled if workers are spawned rather than forked.

    Attributes:
        load: creates the application, in the worker.
        logs: the configuration of its log.
        connections: open connections that it accepts.
        backlog: connections that may wait at its socket.
    """

    load: Callable[[], Flask]
    logs: Mapping[str, Any]
    connections: int
    backlog: int

    def run(
        self, listener: socket.socket, others: list[socket.socket], ready: "Connection[None, None]"
    ) -> None:
        """Serve until SIGTERM; stop accepting connections on SIGUSR1. Both have to be blocked.

        Args:
            listener: the socket of this worker.
            others: the sockets of the other workers, which this process has inherited. They are
                closed: while this worker finishes its requests, clients would still be connected
                to sockets whose own workers have ended.
            ready: is sent ``None`` as soon as the worker serves.
        """
        signal.set_wakeup_fd(-1)
        for other in others:
            other.close()
        logging.config.dictConfig(dict(self.logs))
        app = self.load()
        engine = self._start(app, listener)
        ready.send(None)
        # A handler would run late: a signal may reach another thread, which does not wake this one.
        while signal.sigwait(WORKER_SIGNALS) == signal.SIGUSR1:
            _leave(listener)
        engine.stop()
        engine.wait_until_stopped()
        # A process that was started with `multiprocessing` does not run exit handlers.
        context_of(app).finished.finish()

    def _start(self, app: Flask, listener: socket.socket) -> Engine:
        context = context_of(app)
        settings = context.settings
        bodies = Bodies(BodyLimits(settings.max_request_bytes, _BODY_MEMORY, _BODY_SECONDS))
        lane = Lane(_WIDTH, _MAX_THREADS)
        context.passwords.while_waiting = lane.waiting
        runner = RequestRunner(app, bodies, lane.submit, immediate_requests(settings))
        limits = Limits(self.connections, self.backlog, _HEAD_SECONDS, _HEAD_BYTES)
        engine = Engine(listener, runner.handle, limits)
        lane.start()
        threading.Thread(target=_expire, args=(bodies,), name="bodies", daemon=True).start()
        engine.start()
        return engine


def immediate_requests(settings: Settings) -> Collection[tuple[str, str]]:
    """Return method and path of the endpoints that never wait."""
    served = endpoints_of(active_features(settings))
    return {(one.method, one.path) for one in served if one.is_immediate}


def _expire(bodies: Bodies) -> None:
    while True:
        time.sleep(1)
        bodies.expire()


def _leave(listener: socket.socket) -> None:
    """Leave new connections to the next worker on the same socket.

    The engine keeps accepting on the descriptor, and gets a socket without any clients.
    """
    with socket.create_server(("127.0.0.1", 0)) as unused:
        unused.setblocking(False)
        os.dup2(unused.fileno(), listener.fileno())
