"""Fork safety: no fork during a store query, and no connection shared with a child process.

A child process has one thread, but a copy of every lock in its state at the fork: Python's, a
driver's, those inside SQLite. A lock held by another thread at the fork stays locked in the child.

This is the only module that registers fork hooks; everything else derives from :class:`ForkAware`.
"""

import os
import threading
from weakref import WeakSet

from flask_watchword.locks import PerProcess, process_lock

#: Seconds that a fork waits for running queries. A store query takes at most two.
PATIENCE = 3.0


class ForkAware:
    """An object with state that two processes must not share."""

    def before_fork(self) -> None:
        """Close what a child must not inherit. No store query is running."""

    def after_fork(self) -> None:
        """Replace that state in the child. Do not close what the parent still uses."""


class _GateState:
    """The running queries and pending forks of one process."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.changed = threading.Condition(self.guard)
        self.queries = 0
        self.forks = 0


class _Gate:
    """A gate around each store query; closed while the process forks."""

    def __init__(self) -> None:
        self._state = PerProcess(lambda: _GateState())
        self._process = os.getpid()
        self._fork_lock = process_lock()

    def __enter__(self) -> None:
        if self._process != os.getpid():
            self._handle_unnoticed_fork()
        state = self._state()
        with state.guard:
            while state.forks:
                state.changed.wait()
            state.queries += 1

    def __exit__(self, *_: object) -> None:
        state = self._state()
        with state.guard:
            state.queries -= 1
            if state.forks:
                state.changed.notify_all()

    def close(self) -> None:
        """Block new queries, and wait for the running ones, at most ``PATIENCE`` seconds."""
        state = self._state()
        with state.guard:
            state.forks += 1
            state.changed.wait_for(lambda: not state.queries, PATIENCE)

    def open(self) -> None:
        """Let waiting queries continue."""
        state = self._state()
        with state.guard:
            state.forks -= 1
            state.changed.notify_all()

    def reset_in_child(self) -> None:
        """Call ``after_fork`` of each object, once in each child."""
        self._process = os.getpid()
        for each in list(_fork_aware):
            each.after_fork()

    def _handle_unnoticed_fork(self) -> None:
        # uWSGI runs the hooks below only with --py-call-uwsgi-fork-hooks.
        with self._fork_lock():
            if self._process != os.getpid():
                self.reset_in_child()


#: Use ``with no_fork:`` around code that may hold a lock of a store or its driver. Do not use it
#: while waiting for changes, and do not nest it.
no_fork = _Gate()

_fork_aware: "WeakSet[ForkAware]" = WeakSet()


def watch_forks(aware: ForkAware) -> None:
    """Call the methods of an object at each fork of this process."""
    _fork_aware.add(aware)


def _before() -> None:
    no_fork.close()
    for each in list(_fork_aware):
        each.before_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(
        before=_before, after_in_parent=no_fork.open, after_in_child=no_fork.reset_in_child
    )
