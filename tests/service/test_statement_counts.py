"""How many statements and transactions each of the frequent requests costs."""

from collections.abc import Callable, Iterator
from dataclasses import astuple

import pytest
from werkzeug.test import TestResponse

from tests.infra.sql.counted_statements import Count, counting
from tests.service.good_requests import enrolled, totp_code
from tests.service.site import BETTER, EMAIL, GOOD, Site, site

#: Prepares a request of a user; returns the function that sends it.
Prepare = Callable[[Site, str], Callable[[], TestResponse]]


@pytest.fixture
def counted(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Site, Count]]:
    """A service whose signing keys are not reloaded, and what its requests send."""
    with counting() as count, site(database_url, monkeypatch) as ours:
        monkeypatch.setattr(ours.parts.keys, "_fresh_seconds", float("inf"))
        yield ours, count


def login(ours: Site, email: str) -> Callable[[], TestResponse]:
    ours.add(email)
    return lambda: ours.log_in(email)


def login_again(ours: Site, email: str) -> Callable[[], TestResponse]:
    send = login(ours, email)
    send()
    return send


def wrong_login(ours: Site, email: str) -> Callable[[], TestResponse]:
    ours.add(email)
    return lambda: ours.log_in(email, BETTER)


def unknown_login(ours: Site, email: str) -> Callable[[], TestResponse]:
    return lambda: ours.log_in(email)


def refresh(ours: Site, email: str) -> Callable[[], TestResponse]:
    ours.add(email)
    token = ours.pair(email)["refresh_token"]
    return lambda: ours.post("/refresh", token)


def me(ours: Site, email: str) -> Callable[[], TestResponse]:
    ours.add(email)
    token = ours.pair(email)["access_token"]
    return lambda: ours.me(token)


def logout(ours: Site, email: str) -> Callable[[], TestResponse]:
    ours.add(email)
    token = ours.pair(email)["access_token"]
    return lambda: ours.post("/logout", token)


def register(ours: Site, email: str) -> Callable[[], TestResponse]:
    return lambda: ours.post("/register", email=email, password=GOOD)


def forgot_password(ours: Site, email: str) -> Callable[[], TestResponse]:
    ours.add(email)
    return lambda: ours.post("/password/forgot", email=email)


def reset_password(ours: Site, email: str) -> Callable[[], TestResponse]:
    ours.mail()
    forgot_password(ours, email)()
    code = ours.code()
    return lambda: ours.post("/password/reset", code=code, password=BETTER)


def _enrolled(ours: Site, email: str) -> str:
    ours.add_verified(email)
    token = ours.pair(email)["access_token"]
    secret: str = ours.post("/totp/enrol", token, password=GOOD).get_json()["secret"]
    assert ours.post("/totp/confirm", token, code=totp_code(secret, -1)).status_code == 200
    return secret


def challenge(ours: Site, email: str) -> Callable[[], TestResponse]:
    _enrolled(ours, email)
    return lambda: ours.log_in(email)


def login_totp(ours: Site, email: str) -> Callable[[], TestResponse]:
    secret = _enrolled(ours, email)
    pending = ours.pair(email)["pending_token"]
    return lambda: ours.post("/login/totp", pending_token=pending, code=totp_code(secret))


@pytest.mark.parametrize(
    ("prepare", "most"),
    [
        (login, (0,0,0)),
        (login_again, (0,0,0)),
        (wrong_login, (0,0,0)),
        (unknown_login, (0,0,0)),
        (challenge, (0,0,0)),
        (login_totp, (0,0,0)),
        (refresh, (0,0,0)),
        (me, (0,0,0)),
        (logout, (0,0,0)),
        (register, (0,0,0)),
        (forgot_password, (0,0,0)),
        (reset_password, (0,0,0)),
    ],
)
def test_a_request_sends_exactly_this(
    counted: tuple[Site, Count], prepare: Prepare, most: tuple[int, int, int]
) -> None:
    ours, count = counted
    prepare(ours, "first@example.com")()  # connections, and what is read now and then
    send = prepare(ours, EMAIL)
    count.reset()
    assert send().status_code < 300 or "wrong" in prepare.__name__ or "unknown" in prepare.__name__
    print("COUNT", prepare.__name__, count.statements, count.transactions, count.reads)
    for x in count.sent: print("   ", x[:110].replace("\n"," "))
