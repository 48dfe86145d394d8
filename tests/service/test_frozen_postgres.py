"""A request waits for an unresponsive PostgreSQL server once, and for less than two seconds."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from werkzeug.test import TestResponse

from flask_watchword.accounts.passwords import Passwords
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.sql import engine, postgres
from flask_watchword.service.stores import prepare
from tests.servers.postgres import PostgresServer, new_database, running_postgres
from tests.service.under_test import (
    EMAIL,
    GOOD,
    ServiceUnderTest,
    service_settings,
    service_under_test,
)

#: Seconds allowed on a busy machine: less than two timeouts, which must not happen.
ENOUGH = 2 * postgres.ANSWER_SECONDS


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def service(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceUnderTest]:
    with new_database(server.url, "frozen") as url:
        text = url.render_as_string(hide_password=False)
        prepare(service_settings(text))
        with service_under_test(text, monkeypatch) as service:
            yield service


def refused_in_time(ask: Callable[[], TestResponse]) -> None:
    began = time.monotonic()
    answer = ask()
    assert time.monotonic() - began < ENOUGH
    assert (answer.status_code, answer.get_json()["code"]) == (503, "store_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_timeout_of_one_request_leaves_time_for_the_response() -> None:
    found = engine.open_engine("postgresql+psycopg://nobody@127.0.0.1/none")
    assert postgres.ANSWER_SECONDS == postgres.STATEMENT_SECONDS + postgres.GRACE_SECONDS <= 1.5
    assert found.pool._timeout == postgres.ANSWER_SECONDS  # type: ignore[attr-defined]
    found.dispose()


@pytest.mark.server
def test_request_that_detects_the_outage_is_rejected_in_time(
    server: PostgresServer, service: ServiceUnderTest
) -> None:
    service.add_verified()
    pair = service.pair()
    requested: list[Callable[[], TestResponse]] = [
        service.log_in,
        lambda: service.post("/refresh", pair["refresh_token"]),
        lambda: service.me(pair["access_token"]),
    ]
    for ask in requested:
        with server.frozen():
            refused_in_time(ask)
        _goes_on(service)


@pytest.mark.server
def test_login_during_which_the_server_freezes_waits_once(
    server: PostgresServer, service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.add_verified()
    verify = Passwords.verify
    with ExitStack() as frozen, monkeypatch.context() as patched:

        def freeze_and_verify(self: Passwords, password_hash: str, password: str) -> bool:
            # The user has been read at this point; the session is created afterwards.
            frozen.enter_context(server.frozen())
            return verify(self, password_hash, password)

        patched.setattr(Passwords, "verify", freeze_and_verify)
        refused_in_time(service.log_in)
    _goes_on(service)


@pytest.mark.server
def test_new_connection_waits_no_longer(server: PostgresServer) -> None:
    # Not for the driver's two seconds, which would exceed the limit together with the rest.
    found = engine.open_engine(server.url)
    with server.frozen():
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="does not answer"), engine.reading(found):
            pass
        assert time.monotonic() - began < ENOUGH
    found.dispose()


@pytest.mark.server
def test_connect_timeout_in_the_url_is_used(server: PostgresServer) -> None:
    url = server.url.update_query_dict({"connect_timeout": "3"})
    found = engine.open_engine(url)
    too_late = pytest.raises(StoreUnavailable, match="timeout expired")
    with server.frozen(), too_late, engine.reading(found):
        pass
    found.dispose()


def _goes_on(service: ServiceUnderTest) -> None:
    give_up_at = time.monotonic() + 10.0
    while service.log_in(EMAIL, GOOD).status_code != 200:
        assert time.monotonic() < give_up_at
        time.sleep(0.05)
