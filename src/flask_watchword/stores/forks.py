"""Forks: none falls into the middle of a question to a store, and a child shares nothing.

A child has one thread, but every lock as it was at that moment: Python's, a driver's, those inside
SQLite. One that another thread held then stays held in the child for ever.
"""

import os
import threading
from weakref import WeakSet

#: Seconds that a fork waits for the questions under way. A store answers or gives up within two.
PATIENCE = 3.0


class Forked:
    """Something that holds what two processes cannot share."""

    def before_fork(self) -> None:
        """Give up what a child must not inherit. Nobody asks a store meanwhile."""

    def start_anew(self) -> None:
        """Replace it, in the child of a fork. What the parent still uses is not to be closed."""


class _Gate:
    """Is passed by each question to a store, and closed while a process forks."""

    def __init__(self) -> None:
        self.open_anew()

    def open_anew(self) -> None:
        """Forget who was inside: threads that a child does not have."""
        self._guard = threading.Lock()
        self._moved = threading.Condition(self._guard)
        self._inside = 0
        self._forks = 0

    def __enter__(self) -> None:
        with self._guard:
            while self._forks:
                self._moved.wait()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._guard:
            self._inside -= 1
            if self._forks:
                self._moved.notify_all()

    def close(self) -> None:
        """Let nobody in, and return when nobody is inside; after ``PATIENCE`` at the latest."""
        with self._guard:
            self._forks += 1
            self._moved.wait_for(lambda: not self._inside, PATIENCE)

    def open(self) -> None:
        """Let in who waits."""
        with self._guard:
            self._forks -= 1
            self._moved.notify_all()


#: ``with undisturbed:`` is around whatever may hold a lock of a store or of its driver. It is not
#: around waiting for news, and not around itself.
undisturbed = _Gate()

_forked: "WeakSet[Forked]" = WeakSet()


def take_part_in_forks(thing: Forked) -> None:
    """Have the methods of ``thing`` called at every fork of this process."""
    _forked.add(thing)


def _before() -> None:
    undisturbed.close()
    for thing in list(_forked):
        thing.before_fork()


def _in_child() -> None:
    undisturbed.open_anew()
    for thing in list(_forked):
        thing.start_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=undisturbed.open, after_in_child=_in_child)
