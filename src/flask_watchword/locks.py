"""Locks that stay usable after a fork and after monkey-patching.

A lock that was made before a fork may be held by a thread that the child does not have. A lock that
was made before gevent or eventlet replaced ``threading`` blocks the whole process as soon as a
second greenlet waits for it: the greenlet that holds it never runs again.
"""

import os
import threading
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class _Made(NamedTuple, Generic[T]):
    """A lock, and what it was made for."""

    lock: T
    process: int
    lock_type: object


class PerProcess(Generic[T]):
    """A lock, condition or semaphore of this process; call it to get the one to use now.

    It is made at the first call, and made again by the first call in the child of a fork or after
    ``threading`` was monkey-patched. uWSGI forks without running Python's at-fork hooks, so the
    process id is compared at each call.

    Do not start a thread while you hold one: under gevent the new thread runs before ``start``
    returns, and may wait for the same lock.

    Args:
        make: makes one. It has to look up ``threading.Lock`` when it is called, as in
            ``lambda: threading.Lock()``.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        # By process and type. `setdefault` is one step, so two threads get the same lock.
        self._all: dict[tuple[int, object], _Made[T]] = {}
        self._last: _Made[T] | None = None

    def __call__(self) -> T:
        """Return the lock to use now."""
        process, lock_type = os.getpid(), threading.Lock
        made = self._last
        if made is None or made.process != process or made.lock_type is not lock_type:
            new = _Made(self._make(), process, lock_type)
            made = self._last = self._all.setdefault((process, lock_type), new)
        return made.lock


def process_lock() -> "PerProcess[threading.Lock]":
    """Return a plain lock of this process: ``with self._lock(): ...``."""
    return PerProcess(lambda: threading.Lock())
