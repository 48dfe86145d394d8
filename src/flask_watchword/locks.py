"""Locks that stay usable after a fork and after monkey-patching.

A lock that was created before a fork may be held by a thread that the child does not have. A lock
that was created before gevent or eventlet patched ``threading`` blocks the whole process as soon as
a second greenlet waits for it: the greenlet that holds it never runs again.
"""

import os
import threading
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class _Instance(NamedTuple, Generic[T]):
    """A lock with the process and the lock type for which it was created."""

    lock: T
    process: int
    lock_type: object


class PerProcess(Generic[T]):
    """A lock, condition or semaphore of the current process; call the object to get it.

    It is created at the first call, and again at the first call in the child of a fork or after
    ``threading`` was monkey-patched. uWSGI forks without running Python's at-fork hooks, so the
    process id is compared at each call.

    Do not start a thread while holding one: under gevent the new thread runs before ``start``
    returns, and may wait for the same lock.

    Args:
        make: creates one. It must look up ``threading.Lock`` when it is called, as in
            ``lambda: threading.Lock()``.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        # By process and lock type. `setdefault` is atomic, so two threads get the same lock.
        self._all: dict[tuple[int, object], _Instance[T]] = {}
        self._last: _Instance[T] | None = None

    def __call__(self) -> T:
        """Return the lock of the current process."""
        process, lock_type = os.getpid(), threading.Lock
        current = self._last
        if current is None or current.process != process or current.lock_type is not lock_type:
            new = _Instance(self._make(), process, lock_type)
            current = self._last = self._all.setdefault((process, lock_type), new)
        return current.lock


def process_lock() -> "PerProcess[threading.Lock]":
    """Return a plain lock per process, for use as ``with self._lock(): ...``."""
    return PerProcess(lambda: threading.Lock())
