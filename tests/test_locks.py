"""Locks are of the process, and of the threading library, that uses them."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from flask_watchword.locks import PerProcess, process_lock


class OtherLock:
    """What a library that replaces ``threading.Lock`` puts there."""


def test_every_caller_gets_the_same_lock() -> None:
    lock = process_lock()
    with ThreadPoolExecutor(8) as pool:
        assert len({id(found) for found in pool.map(lambda _: lock(), range(64))}) == 1


def test_after_monkey_patching_it_is_one_of_the_other_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = process_lock()
    before = lock()
    monkeypatch.setattr(threading, "Lock", OtherLock)
    assert isinstance(lock(), OtherLock)
    assert lock() is lock()
    monkeypatch.undo()
    assert lock() is before


def test_a_process_that_was_forked_without_a_hook_gets_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places: PerProcess[threading.BoundedSemaphore]
    places = PerProcess(lambda: threading.BoundedSemaphore(1))
    assert places().acquire(blocking=False)
    assert not places().acquire(blocking=False)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert places().acquire(blocking=False)
