"""Passwords rejected by the policy are rate limited, because each check runs zxcvbn."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse
from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # it ships no annotations

from flask_watchword.accounts import password_strength as weak_passwords
from flask_watchword.clock import system_clock
from flask_watchword.service.features.bootstrap_admin.flow import offer_setup
from tests.service.under_test import (
    BETTER,
    EMAIL,
    GOOD,
    ServiceUnderTest,
    code_in,
    service_under_test,
)

WEAK = "passwordpassword"
MOST = 30


@pytest.fixture
def service(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceUnderTest]:
    # Differences between databases are covered by the store contracts.
    with service_under_test(sqlite_url, monkeypatch) as found:
        yield found


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password passed to zxcvbn."""
    found: list[str] = []
    check = zxcvbn

    def noting(password: str, *args: Any, **kwargs: Any) -> Any:
        found.append(password)
        return check(password, *args, **kwargs)

    monkeypatch.setattr(weak_passwords, "zxcvbn", noting)
    return found


Choose = Callable[[str], TestResponse]


def _registering(service: ServiceUnderTest) -> Choose:
    return lambda password: service.post("/register", email=EMAIL, password=password)


def _resetting(service: ServiceUnderTest) -> Choose:
    service.add()
    service.post("/password/forgot", email=EMAIL)
    code = service.code()
    return lambda password: service.post("/password/reset", code=code, password=password)


def _resetting_without_a_code(service: ServiceUnderTest) -> Choose:
    return lambda password: service.post("/password/reset", code="guess", password=password)


def _accepting_an_invitation(service: ServiceUnderTest) -> Choose:
    boss = service.add("boss@example.com")
    service.parts.stores.users.set_roles(boss.id, frozenset({"admin"}))
    service.post("/admin/users", service.pair("boss@example.com")["access_token"], email=EMAIL)
    code = code_in(service.mail()[-1].body.text)
    return lambda password: service.post("/password/reset", code=code, password=password)


def _changing(service: ServiceUnderTest) -> Choose:
    service.add()
    token = service.pair()["access_token"]
    return lambda password: service.post(
        "/password/change", token, current_password=GOOD, password=password
    )


def _setting_up(service: ServiceUnderTest) -> Choose:
    code = service.parts.stores.accounts.run(lambda stores: offer_setup(stores, system_clock()))
    return lambda password: service.post("/setup", code=code, email=EMAIL, password=password)


CHOOSING = [
    _registering,
    _resetting,
    _resetting_without_a_code,
    _accepting_an_invitation,
    _changing,
    _setting_up,
]


@pytest.mark.parametrize("choosing", CHOOSING)
def test_weak_passwords_are_counted_and_then_not_checked(
    service: ServiceUnderTest, checked: list[str], choosing: Callable[[ServiceUnderTest], Choose]
) -> None:
    choose = choosing(service)
    assert [choose(WEAK).status_code for _ in range(MOST)] == [422] * MOST
    checked.clear()
    refused = choose(WEAK)
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_tries")
    assert 0 < int(refused.headers["Retry-After"]) <= 20
    assert choose(BETTER).status_code == 429
    assert checked == []


def test_an_accepted_password_is_refunded(service: ServiceUnderTest) -> None:
    service.add()
    token, current, new = service.pair()["access_token"], GOOD, BETTER
    for _ in range(MOST + 1):
        answer = service.post("/password/change", token, current_password=current, password=new)
        assert answer.status_code == 204
        current, new = new, current


def test_users_behind_one_address_have_separate_limits(service: ServiceUnderTest) -> None:
    choose = _changing(service)
    register = _registering(service)
    for _ in range(MOST):
        assert register(WEAK).status_code == 422
    assert register(WEAK).status_code == 429
    assert choose(WEAK).status_code == 422
    assert choose(BETTER).status_code == 204
