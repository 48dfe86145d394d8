"""How many statements and transactions each of the frequent requests costs."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import pytest
from sqlalchemy import create_engine, make_url, update
from werkzeug.test import TestResponse

from flask_watchword.infra.sql import tables
from tests.infra.sql.counted_statements import Count, counting
from tests.service.good_requests import totp_code
from tests.service.under_test import BETTER, EMAIL, GOOD, ServiceUnderTest, service_under_test


class Cost(NamedTuple):
    """What a request costs."""

    statements: int
    transactions: int
    reads: int


def both(cost: Cost, *, further: int = 0) -> Mapping[str, Cost]:
    """Return the cost of a request with each database."""
    return {
        "sqlite": cost,
        "postgresql": cost._replace(statements=cost.statements + further),
    }


#: Prepares a request of a user; returns the function that sends it.
Prepare = Callable[[ServiceUnderTest, str], Callable[[], TestResponse]]


@pytest.fixture
def counted(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[ServiceUnderTest, Count]]:
    """A service whose signing keys are not reloaded, and what its requests send."""
    # Tokens that were issued before a database was created cost a look-up of their session.
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(update(tables.epoch).values(since=0.0))
    engine.dispose()
    with counting() as count, service_under_test(database_url, monkeypatch) as service:
        monkeypatch.setattr(service.parts.keys, "_fresh_seconds", float("inf"))
        yield service, count


def login(service: ServiceUnderTest, email: str) -> Callable[[], TestResponse]:
    service.add(email)
    return lambda: service.log_in(email)


def wrong_login(service: ServiceUnderTest, email: str) -> Callable[[], TestResponse]:
    service.add(email)
    return lambda: service.log_in(email, BETTER)


def unknown_login(service: ServiceUnderTest, email: str) -> Callable[[], TestResponse]:
    return lambda: service.log_in(email)


def refresh(service: ServiceUnderTest, email: str) -> Callable[[], TestResponse]:
    service.add(email)
    token = service.pair(email)["refresh_token"]
    return lambda: service.post("/refresh", token)


def me(service: ServiceUnderTest, email: str) -> Callable[[], TestResponse]:
    service.add(email)
    token = service.pair(email)["access_token"]
    return lambda: service.me(token)


def logout(service: ServiceUnderTest, email: str) -> Callable[[], TestResponse]:
    service.add(email)
    token = service.pair(email)["access_token"]
    return lambda: service.post("/logout", token)


def register(service: ServiceUnderTest, email: str) -> Callable[[], TestResponse]:
    return lambda: service.post("/register", email=email, password=GOOD)


def forgot_password(service: ServiceUnderTest, email: str) -> Callable[[], TestResponse]:
    service.add(email)
    return lambda: service.post("/password/forgot", email=email)


def reset_password(service: ServiceUnderTest, email: str) -> Callable[[], TestResponse]:
    service.mail()
    forgot_password(service, email)()
    code = service.code()
    return lambda: service.post("/password/reset", code=code, password=BETTER)


def _enrolled(service: ServiceUnderTest, email: str) -> str:
    service.add_verified(email)
    token = service.pair(email)["access_token"]
    secret: str = service.post("/totp/enrol", token, password=GOOD).get_json()["secret"]
    assert service.post("/totp/confirm", token, code=totp_code(secret, -1)).status_code == 200
    return secret


def challenge(service: ServiceUnderTest, email: str) -> Callable[[], TestResponse]:
    _enrolled(service, email)
    return lambda: service.log_in(email)


def login_totp(service: ServiceUnderTest, email: str) -> Callable[[], TestResponse]:
    secret = _enrolled(service, email)
    pending = service.pair(email)["pending_token"]
    return lambda: service.post("/login/totp", pending_token=pending, code=totp_code(secret))


#: By request, the statements that it sends, its transactions that change rows, and its statements
#: outside of them that only read. One statement of a login is for the limit of sessions. With
#: PostgreSQL, some take locks and notify other processes.
COSTS: Mapping[Prepare, Mapping[str, Cost]] = {
    login: both(Cost(11, 2, 2), further=1),
    wrong_login: both(Cost(7, 2, 1)),
    unknown_login: both(Cost(7, 2, 1)),
    challenge: both(Cost(9, 2, 4)),
    login_totp: both(Cost(11, 3, 2), further=1),
    refresh: both(Cost(1, 1, 0)),
    me: both(Cost(1, 0, 1)),
    logout: both(Cost(5, 2, 0), further=1),
    register: both(Cost(10, 5, 0)),
    forgot_password: both(Cost(8, 3, 0)),
    reset_password: both(Cost(27, 8, 6), further=4),
}


@pytest.mark.parametrize("prepare", COSTS, ids=lambda prepare: prepare.__name__)
def test_request_sends_these_statements(
    counted: tuple[ServiceUnderTest, Count], database_url: str, prepare: Prepare
) -> None:
    service, count = counted
    prepare(
        service, "first@example.com"
    )()  # opens connections, and reads what is read now and then
    send = prepare(service, EMAIL)
    count.reset()
    assert send().status_code in (200, 201, 202, 204) or prepare in (wrong_login, unknown_login)
    cost = Cost(count.statements, count.transactions, count.reads)
    assert cost == COSTS[prepare][make_url(database_url).get_backend_name()], count.sent
