"""The bounds of bodies that are being read: time and memory."""

import json
from typing import Any

import pytest

from flask_watchword.cli.serving.bodies import Bodies, BodyLimits
from tests.cli.test_request_runner import Bytes, Exchange

LIMITS = BodyLimits(size=100, memory=250, seconds=60)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bodies(clock: Clock) -> Bodies:
    return Bodies(LIMITS, clock)


def slow() -> Exchange:
    return Exchange(iter([b"x", b"x"]), is_late=True)


def begin(bodies: Bodies, exchange: Exchange, length: int | None = 100) -> list[bytes]:
    complete: list[bytes] = []
    if length is None:
        bodies.read_chunks(exchange, complete.append)
    else:
        bodies.read_whole(exchange, length, complete.append)
    return complete


def arrive(exchange: Exchange) -> None:
    exchange.waiting.pop()()


@pytest.mark.parametrize("length", [2, None])
def test_body_is_rejected_at_its_time_limit_and_not_before(
    bodies: Bodies, clock: Clock, length: int | None
) -> None:
    exchange = slow()
    complete = begin(bodies, exchange, length)
    clock.now += 59.9
    bodies.expire()
    assert exchange.answers == []
    clock.now += 0.1
    bodies.expire()
    ((status, body),) = exchange.answers
    assert status == 408
    assert json.loads(body)["code"] == "request_timeout"
    arrive(exchange)
    bodies.expire()
    assert complete == []
    assert len(exchange.answers) == 1


def test_chunks_do_not_extend_the_time_limit(bodies: Bodies, clock: Clock) -> None:
    exchange = slow()
    begin(bodies, exchange, None)
    clock.now += 59
    arrive(exchange)
    clock.now += 1
    bodies.expire()
    assert [status for status, _ in exchange.answers] == [408]


def test_rejected_body_is_not_read_further(
    bodies: Bodies, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled: list[Any] = []
    monkeypatch.setattr(Bytes, "cancel", lambda self: cancelled.append(self))
    begin(bodies, slow())
    clock.now += 60
    bodies.expire()
    assert len(cancelled) == 1


def test_oldest_bodies_are_rejected_when_all_take_too_much_memory(bodies: Bodies) -> None:
    exchanges = [slow() for _ in range(3)]
    for exchange in exchanges:
        begin(bodies, exchange)
    assert [[status for status, _ in one.answers] for one in exchanges] == [[408], [], []]


def test_complete_bodies_do_not_count(bodies: Bodies) -> None:
    for _ in range(10):
        exchange = Exchange(iter([b"x" * 100]), is_late=True)
        complete = begin(bodies, exchange)
        arrive(exchange)
        assert complete == [b"x" * 100]
        assert exchange.answers == []


def test_chunks_count_as_they_arrive(bodies: Bodies) -> None:
    exchanges = [Exchange(iter([b"x" * 90, b"x" * 9]), is_late=True) for _ in range(3)]
    for exchange in exchanges:
        begin(bodies, exchange, None)
    arrive(exchanges[1])
    arrive(exchanges[2])
    assert all(one.answers == [] for one in exchanges)
    arrive(exchanges[0])
    assert [[status for status, _ in one.answers] for one in exchanges] == [[408], [], []]
