import pytest

from flask_watchword.infra import circuit_breaker as silence
from flask_watchword.infra.circuit_breaker import CircuitBreaker


class Time:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    found = Time()
    monkeypatch.setattr(silence, "time", found)
    return found


def test_nobody_is_kept_from_a_server_that_answers(time: Time) -> None:
    silent = CircuitBreaker(2.0)
    assert not any(silent.lasts() for _ in range(3))


def test_after_a_silence_everybody_is_refused_for_a_moment_and_then_one_asks(time: Time) -> None:
    silent = CircuitBreaker(2.0)
    silent.begin()
    time.now += 0.249
    assert silent.lasts()
    time.now += 0.001
    assert [silent.lasts() for _ in range(5)] == [False, True, True, True, True]


def test_where_whoever_asked_never_came_back_another_one_asks_after_the_bound(time: Time) -> None:
    silent = CircuitBreaker(2.0)
    silent.begin()
    time.now += 0.25
    assert not silent.lasts()
    time.now += 1.999
    assert silent.lasts()
    time.now += 0.001
    assert not silent.lasts()


def test_an_answer_ends_it(time: Time) -> None:
    silent = CircuitBreaker(2.0)
    silent.begin()
    silent.end()
    assert not silent.lasts()
