import pytest

from flask_watchword.infra import circuit_breaker
from flask_watchword.infra.circuit_breaker import CircuitBreaker


class Time:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    found = Time()
    monkeypatch.setattr(circuit_breaker, "time", found)
    return found


def test_calls_pass_while_the_server_responds(time: Time) -> None:
    breaker = CircuitBreaker(2.0)
    assert not any(breaker.is_open() for _ in range(3))


def test_after_a_timeout_calls_fail_until_one_probes(time: Time) -> None:
    breaker = CircuitBreaker(2.0)
    breaker.record_timeout()
    time.now += 0.249
    assert breaker.is_open()
    time.now += 0.001
    assert [breaker.is_open() for _ in range(5)] == [False, True, True, True, True]


def test_probe_without_a_result_is_followed_by_another_after_the_timeout(time: Time) -> None:
    breaker = CircuitBreaker(2.0)
    breaker.record_timeout()
    time.now += 0.25
    assert not breaker.is_open()
    time.now += 1.999
    assert breaker.is_open()
    time.now += 0.001
    assert not breaker.is_open()


def test_response_closes_the_circuit(time: Time) -> None:
    breaker = CircuitBreaker(2.0)
    breaker.record_timeout()
    breaker.record_answer()
    assert not breaker.is_open()
