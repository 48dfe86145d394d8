"""Locks belong to the current process and the current threading library."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from flask_watchword.locks import PerProcess, process_lock


class OtherLock:
    """The lock class of a library that replaces ``threading.Lock``."""


def test_every_caller_gets_the_same_lock() -> None:
    lock = process_lock()
    with ThreadPoolExecutor(8) as pool:
        assert len({id(found) for found in pool.map(lambda _: lock(), range(64))}) == 1


def test_lock_created_after_monkey_patching_has_the_new_class(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock = process_lock()
    before = lock()
    monkeypatch.setattr(threading, "Lock", OtherLock)
    assert isinstance(lock(), OtherLock)
    assert lock() is lock()
    monkeypatch.undo()
    assert lock() is before


def test_process_forked_without_a_hook_gets_its_own_lock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places: PerProcess[threading.BoundedSemaphore]
    places = PerProcess(lambda: threading.BoundedSemaphore(1))
    assert places().acquire(blocking=False)
    assert not places().acquire(blocking=False)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert places().acquire(blocking=False)
