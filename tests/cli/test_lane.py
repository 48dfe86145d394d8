"""One thread runs requests; others take over while it waits."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from flask_watchword.cli.serving.lane import Lane

SECONDS = 20


class Clock:
    """A clock that only tests move; the lane's own thread never finds anything that takes long."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def held(lane: Lane, number: int, *, announced: bool = False) -> Iterator[None]:
    """Let tasks wait until the end of the block."""
    release = threading.Event()
    begun = [threading.Event() for _ in range(number)]

    def task(one: threading.Event) -> None:
        if announced:
            with lane.waiting():
                one.set()
                release.wait(SECONDS)
        else:
            one.set()
            release.wait(SECONDS)

    for one in begun:
        lane.submit(lambda one=one: task(one))  # type: ignore[misc]
        assert one.wait(SECONDS) or announced
    try:
        yield
    finally:
        release.set()


def is_run(lane: Lane, seconds: float = SECONDS) -> bool:
    done = threading.Event()
    lane.submit(done.set)
    return done.wait(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lane(clock: Clock) -> Lane:
    lane = Lane(width=1, max_threads=3, clock=clock)
    lane.start()
    return lane


def test_announced_wait_lets_other_tasks_run(lane: Lane) -> None:
    with held(lane, 1, announced=True):
        assert is_run(lane)
    assert is_run(lane)


def test_task_that_takes_long_lets_other_tasks_run(lane: Lane, clock: Clock) -> None:
    with held(lane, 1):
        assert not is_run(lane, 0.1)
        clock.now += 1
        assert is_run(lane)


def test_one_task_runs_at_a_time_otherwise(lane: Lane) -> None:
    running, most = 0, 0
    lock, done = threading.Lock(), threading.Semaphore(0)

    def task() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        with lock:
            running -= 1
        done.release()

    for _ in range(500):
        lane.submit(task)
    for _ in range(500):
        assert done.acquire(timeout=SECONDS)
    assert most == 1


def test_threads_are_bounded_and_used_again(lane: Lane) -> None:
    for _ in range(5):
        with held(lane, 3, announced=True):
            assert not is_run(lane, 0.05)
        assert is_run(lane)
    assert len(lane._runners) == 3


def test_failing_task_does_not_end_its_thread(lane: Lane, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ValueError("ours")

    lane.submit(fail)
    assert is_run(lane)
    assert "request failed" in caplog.text


def test_wait_outside_a_lane_changes_nothing(lane: Lane) -> None:
    with lane.waiting():
        assert is_run(lane)
