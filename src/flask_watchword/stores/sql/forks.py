"""After a fork: a connection belongs to the process that made it."""

import os
import weakref
from typing import Protocol

from sqlalchemy import Engine


class Forked(Protocol):
    """Something that holds what two processes cannot share."""

    def start_anew(self) -> None:
        """Replace it, in the child of a fork. What the parent still uses is not to be closed."""


_engines: "weakref.WeakSet[Engine]" = weakref.WeakSet()
_others: "weakref.WeakSet[Forked]" = weakref.WeakSet()


def forget_connections_in_children(engine: Engine) -> None:
    """Make every child of this process start with an empty pool.

    Two processes that talk over one connection would read each other's answers. The child leaves
    the connections of its parent open: to close them would end them for the parent.
    """
    _engines.add(engine)


def start_anew_in_children(thing: Forked) -> None:
    """Have ``thing.start_anew()`` called in every child of this process."""
    _others.add(thing)


def _in_child() -> None:
    for engine in list(_engines):
        engine.dispose(close=False)
    for thing in list(_others):
        thing.start_anew()


os.register_at_fork(after_in_child=_in_child)
