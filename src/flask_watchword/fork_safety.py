"""Fork safety: no fork happens in the middle of a store query, and a child shares no connection.

A child has one thread, but a copy of every lock as it was at the fork: Python's, a driver's, those
inside SQLite. A lock that another thread held at that moment stays held in the child forever.
"""

import os
import threading
from weakref import WeakSet

from flask_watchword.locks import PerProcess, process_lock

#: Seconds that a fork waits for queries in progress. A store answers or gives up within two.
PATIENCE = 3.0


class ForkAware:
    """Something that holds what two processes cannot share."""

    def before_fork(self) -> None:
        """Close what a child must not inherit. No store is queried at this time."""

    def after_fork(self) -> None:
        """Replace it, in the child. Do not close what the parent still uses."""


class _Room:
    """Who is inside of the gate, in one process."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.moved = threading.Condition(self.guard)
        self.inside = 0
        self.forks = 0


class _Gate:
    """Passed by each store query; closed while the process forks."""

    def __init__(self) -> None:
        self._room = PerProcess(lambda: _Room())
        self._process = os.getpid()
        self._noticing = process_lock()

    def __enter__(self) -> None:
        if self._process != os.getpid():
            self._notice_fork()
        room = self._room()
        with room.guard:
            while room.forks:
                room.moved.wait()
            room.inside += 1

    def __exit__(self, *_: object) -> None:
        room = self._room()
        with room.guard:
            room.inside -= 1
            if room.forks:
                room.moved.notify_all()

    def close(self) -> None:
        """Admit no one, and return when no one is inside; after ``PATIENCE`` at the latest."""
        room = self._room()
        with room.guard:
            room.forks += 1
            room.moved.wait_for(lambda: not room.inside, PATIENCE)

    def open(self) -> None:
        """Admit those who wait."""
        room = self._room()
        with room.guard:
            room.forks -= 1
            room.moved.notify_all()

    def begin_in_child(self) -> None:
        """Replace what the parent still uses, once in each child."""
        self._process = os.getpid()
        for thing in list(_fork_aware):
            thing.after_fork()

    def _notice_fork(self) -> None:
        # uWSGI does not run the hooks below unless it has --py-call-uwsgi-fork-hooks.
        with self._noticing():
            if self._process != os.getpid():
                self.begin_in_child()


#: Use ``with no_fork:`` around whatever may hold a lock of a store or of its driver. Do not use it
#: around waiting for changes, and do not nest it.
no_fork = _Gate()

_fork_aware: "WeakSet[ForkAware]" = WeakSet()


def watch_forks(thing: ForkAware) -> None:
    """Have the methods of ``thing`` called at every fork of this process."""
    _fork_aware.add(thing)


def _before() -> None:
    no_fork.close()
    for thing in list(_fork_aware):
        thing.before_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before, after_in_parent=no_fork.open, after_in_child=no_fork.begin_in_child
    )
