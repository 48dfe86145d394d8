"""The worker's path from granian to the application, without granian."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request

from flask_watchword.cli.serving.bodies import Bodies, BodyLimits
from flask_watchword.cli.serving.request_runner import RequestRunner
from flask_watchword.cli.serving.worker import immediate_requests
from flask_watchword.service.load_settings import read_settings
from tests.cli.test_wsgi_environ import Head, SentHeaders

LONGEST = 8


def at_once(task: Callable[[], None]) -> None:
    task()


def runner_of(app: Flask, max_body: int) -> RequestRunner:
    return RequestRunner(app, Bodies(BodyLimits(max_body, 1_000_000, 60)), at_once, ())


class Bytes:
    """Bytes of a body, available immediately or after a wait."""

    def __init__(self, data: bytes | Exception, waiting: list[Callable[[], None]] | None) -> None:
        self._data = data
        self._waiting = waiting

    def result(self) -> bytes:
        if isinstance(self._data, Exception):
            raise self._data
        return self._data

    def cancel(self) -> bool:
        return True

    def add_done_callback(self, callback: Callable[["Bytes"], None], /) -> None:
        if self._waiting is None:
            callback(self)
        else:
            self._waiting.append(lambda: callback(self))


@dataclass
class Exchange:
    """A substitute for granian's protocol object that stores the response."""

    chunks: Iterator[bytes | Exception]
    is_late: bool = False
    waiting: list[Callable[[], None]] = field(default_factory=list)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    taken: int = 0

    def __call__(self) -> Bytes:
        return self.__anext__()

    def __aiter__(self) -> "Exchange":
        return self

    def __anext__(self) -> Bytes:
        self.taken += 1
        return Bytes(next(self.chunks, b""), self.waiting if self.is_late else None)

    def response_empty(self, status: int, headers: Any, /) -> None:
        self.answers.append((status, b""))

    def response_bytes(self, status: int, headers: Any, body: bytes, /) -> None:
        self.answers.append((status, body))


@dataclass
class Arrived:
    scope: Head
    proto: Exchange


def runner() -> RequestRunner:
    app = Flask(__name__)

    @app.post("/")
    def echo() -> bytes:
        return request.stream.read()

    return runner_of(app, LONGEST)


def post(exchange: Exchange, *headers: tuple[str, str]) -> list[tuple[int, bytes]]:
    runner().handle(Arrived(Head(SentHeaders(*headers), method="POST"), exchange))
    while exchange.waiting:
        exchange.waiting.pop()()
    return exchange.answers


CHUNKED = ("Transfer-Encoding", "chunked")


@pytest.mark.parametrize("is_late", [False, True])
def test_chunked_body_reaches_the_application_complete(is_late: bool) -> None:
    exchange = Exchange(iter([b"ab", b"c", b"de"]), is_late)
    assert post(exchange, CHUNKED) == [(200, b"abcde")]


@pytest.mark.parametrize("is_late", [False, True])
def test_chunked_body_is_read_only_until_it_exceeds_the_limit(is_late: bool) -> None:
    exchange = Exchange(iter([b"x"] * 100), is_late)
    assert post(exchange, CHUNKED) == [(200, b"x" * (LONGEST + 1))]
    assert exchange.taken == LONGEST + 1


def test_many_small_chunks_do_not_deepen_the_stack() -> None:
    app = Flask(__name__)
    app.post("/")(lambda: str(len(request.get_data())))
    exchange = Exchange(iter([b"x"] * 20_000))
    head = Head(SentHeaders(CHUNKED), method="POST")
    runner_of(app, 30_000).handle(Arrived(head, exchange))
    assert exchange.answers == [(200, b"20000")]


def test_body_announced_as_too_long_is_not_read() -> None:
    exchange = Exchange(iter([b"x" * 100]))
    assert post(exchange, ("Content-Length", "100")) == [(200, b"")]
    assert exchange.taken == 0


def test_no_thread_waits_for_a_body() -> None:
    exchange = Exchange(iter([b"abc"]), is_late=True)
    head = Head(SentHeaders(("Content-Length", "3")), method="POST")
    runner().handle(Arrived(head, exchange))
    assert exchange.answers == []
    exchange.waiting.pop()()
    assert exchange.answers == [(200, b"abc")]


@pytest.mark.parametrize("header", [("Content-Length", "3"), CHUNKED])
@pytest.mark.parametrize("is_late", [False, True])
def test_incomplete_body_gets_no_response(header: tuple[str, str], is_late: bool) -> None:
    assert post(Exchange(iter([OSError()]), is_late), header) == []


def test_failure_of_the_application_is_a_500() -> None:
    app = Flask(__name__)

    def fail(*_: object) -> Iterator[bytes]:
        raise ValueError("ours")

    app.wsgi_app = fail  # type: ignore[assignment,method-assign]
    exchange = Exchange(iter([]))
    runner_of(app, LONGEST).handle(Arrived(Head(), exchange))
    assert exchange.answers == [(500, b"")]


def test_client_cannot_hide_the_address_that_a_proxy_appends() -> None:
    (answer,) = post(Exchange(iter([])), ("X-Forwarded-For", "\xff, 192.0.2.1"))
    assert answer[0] == 400
    assert b"X-Forwarded-For" in answer[1]


def test_immediate_requests_need_no_other_thread() -> None:
    app = Flask(__name__)
    app.get("/<name>")(lambda name: name)
    submitted: list[Callable[[], None]] = []
    bodies = Bodies(BodyLimits(LONGEST, 1_000_000, 60))
    runner = RequestRunner(app, bodies, submitted.append, {("GET", "/now")})
    now, later = Exchange(iter([])), Exchange(iter([]))
    runner.handle(Arrived(Head(SentHeaders(), path="/later"), later))
    runner.handle(Arrived(Head(SentHeaders(), path="/now"), now))
    assert now.answers == [(200, b"now")]
    assert later.answers == []
    submitted.pop()()
    assert later.answers == [(200, b"later")]


def test_liveness_is_immediate_and_readiness_is_not(tmp_path: Path) -> None:
    settings = read_settings({"WATCHWORD_DATABASE": f"sqlite:///{tmp_path / 'database'}"})
    requests = immediate_requests(settings)
    assert ("GET", "/healthz") in requests
    assert ("GET", "/readyz") not in requests
    assert ("GET", "/me") not in requests
