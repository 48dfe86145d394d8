"""Sensitive changes require a second factor too: a stolen session and password are not enough."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from werkzeug.test import TestResponse

from flask_watchword.accounts.passwords import Passwords
from flask_watchword.service.authentication.confirmation import CONFIRMATION_ERRORS, FactorAnswers
from flask_watchword.service.load_settings import read_settings
from tests.service.declared import codes_by_status
from tests.service.good_requests import ENDPOINTS
from tests.service.test_totp import code_at, enrolled, error_of, wrong_code
from tests.service.under_test import (
    BETTER,
    EMAIL,
    GOOD,
    ServiceUnderTest,
    code_in,
    service_under_test,
)

#: The checks do not depend on the database.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite_url"], indirect=True)

#: What is sent beside the second factor, and the response to a valid one.
CHANGES: Mapping[str, tuple[Mapping[str, Any], int]] = {
    "change_password": ({"current_password": GOOD, "password": BETTER}, 204),
    "change_email": ({"password": GOOD, "email": "new@example.org"}, 202),
    "delete_account": ({"password": GOOD}, 204),
    "disable_totp": ({"password": GOOD}, 204),
    "renew_recovery_codes": ({"password": GOOD}, 200),
    "make_token": ({"password": GOOD, "name": "nightly"}, 201),
    "make_client": ({"password": GOOD, "name": "nightly"}, 201),
}

#: Endpoints that require the password without a second factor: none is confirmed yet.
WITHOUT = {"enrol_totp"}

Change = Callable[..., TestResponse]


@pytest.fixture(params=CHANGES)
def name(request: pytest.FixtureRequest) -> str:
    changed: str = request.param
    return changed


@pytest.fixture
def change(service: ServiceUnderTest, name: str) -> Change:
    """Request a change in the session of a user with TOTP."""

    def ask(token: str, **second: str) -> TestResponse:
        one, (body, _) = ENDPOINTS[name], CHANGES[name]
        return service.ask(one.method, one.path, token, **{**body, **second})

    return ask


def test_every_endpoint_that_requires_the_password_is_in_a_table() -> None:
    asking = {
        name
        for name, one in ENDPOINTS.items()
        if "wrong_password" in codes_by_status(one).get(403, ()) and one.access.tokens
    }
    assert asking == CHANGES.keys() | WITHOUT
    for name in CHANGES:
        declared = ENDPOINTS[name]
        assert declared.body is not None
        assert issubclass(declared.body, FactorAnswers)
        assert {*CONFIRMATION_ERRORS} <= {*declared.every_error()}


@on_sqlite
def test_session_and_password_are_not_enough_with_a_second_factor(
    service: ServiceUnderTest, change: Change, name: str
) -> None:
    secret, (recovery_code, *_), pair = enrolled(service)
    token = pair["access_token"]
    service.mail()
    assert error_of(change(token)) == (403, "second_factor_required")
    assert error_of(change(token, code=wrong_code(secret))) == (403, "wrong_code")
    assert error_of(change(token, recovery_code="no code")) == (403, "wrong_code")
    both = {"code": code_at(secret), "recovery_code": recovery_code}
    assert error_of(change(token, **both)) == (422, "invalid_field")
    assert service.events()[-3:] == ["second_factor_asked", *["second_factor_failed"] * 2]
    assert service.mail() == []
    assert change(token, code=code_at(secret)).status_code == CHANGES[name][1]


@on_sqlite
def test_recovery_code_is_accepted_instead_and_used_up(
    service: ServiceUnderTest, change: Change, name: str
) -> None:
    _, (recovery_code, *_), pair = enrolled(service)
    service.mail()
    done = change(pair["access_token"], recovery_code=recovery_code)
    assert done.status_code == CHANGES[name][1]
    assert "recovery_code_used" in service.events()
    notice = next(mail for mail in service.mail() if mail.kind == "recovery_code_used")
    assert "Recovery codes left: 9." in notice.body.text


@on_sqlite
def test_without_a_second_factor_the_password_is_enough(
    service: ServiceUnderTest, change: Change, name: str
) -> None:
    if name in ("disable_totp", "renew_recovery_codes"):
        pytest.skip("there is nothing to change")
    service.add_verified()
    assert change(service.pair()["access_token"]).status_code == CHANGES[name][1]


@on_sqlite
def test_rejected_change_does_not_use_up_the_code(service: ServiceUnderTest) -> None:
    secret, _, pair = enrolled(service)
    token, code = pair["access_token"], code_at(secret)
    for path, body in {
        "/password/change": {"current_password": GOOD, "password": "short"},
        "/email/change": {"password": GOOD, "email": "no address"},
        "/tokens": {"password": GOOD, "name": " "},
    }.items():
        assert error_of(service.post(path, token, code=code, **body)) == (422, "invalid_field")
    assert error_of(service.post("/tokens", token, password=BETTER, name="a", code=code)) == (
        403,
        "wrong_password",
    )
    assert service.post("/tokens", token, password=GOOD, name="a", code=code).status_code == 201


@on_sqlite
def test_codes_count_against_the_same_limit_as_in_a_login(service: ServiceUnderTest) -> None:
    secret, _, pair = enrolled(service)
    body = {"password": GOOD, "name": "nightly", "code": wrong_code(secret)}
    answers = [error_of(service.post("/tokens", pair["access_token"], **body)) for _ in range(6)]
    assert answers == [(403, "wrong_code")] * 5 + [(429, "too_many_tries")]


def test_email_change_requested_before_enrolment_cannot_be_confirmed_after_it(
    service: ServiceUnderTest,
) -> None:
    service.add_verified()
    stolen, token = service.pair()["access_token"], service.pair()["access_token"]
    service.post("/email/change", stolen, password=GOOD, email="eve@example.org")
    (mail,) = (mail for mail in service.mail() if mail.kind == "change_email")
    secret = service.post("/totp/enrol", token, password=GOOD).get_json()["secret"]
    assert service.post("/totp/confirm", token, code=code_at(secret)).status_code == 200
    code = code_in(mail.body.text)
    confirmed = service.post("/email/change/confirm", code=code, password=GOOD)
    assert error_of(confirmed) == (400, "invalid_code")
    assert service.user(EMAIL) is not None


@on_sqlite
@pytest.mark.parametrize("path", ["/sessions", "/sessions/{session}"])
def test_ending_sessions_requires_only_the_session(service: ServiceUnderTest, path: str) -> None:
    """A user who sees an unknown session must be able to end it without the second factor."""
    _, _, pair = enrolled(service)
    token = pair["access_token"]
    listed = service.client.get(
        "/sessions", headers={"Authorization": f"Bearer {token}"}
    ).get_json()
    (session,) = (one["id"] for one in listed["sessions"])
    assert service.ask("DELETE", path.format(session=session), token).status_code == 204


def test_correct_password_counts_although_the_code_limit_is_reached(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"ACCEPTED_PASSWORD_PER_ACCOUNT": "6/day", "SECOND_FACTOR_PER_ACCOUNT": "1/day"}
    settings = read_settings({f"WATCHWORD_LIMIT_{name}": text for name, text in limits.items()})
    with service_under_test(sqlite_url, monkeypatch, limits=settings.limits) as service:
        secret, _, pair = enrolled(service)  # one correct password
        token = pair["access_token"]
        body = {"current_password": GOOD, "password": BETTER, "code": wrong_code(secret)}
        statuses = [service.post("/password/change", token, **body).status_code for _ in range(5)]
        assert statuses == [403, 429, 429, 429, 429]
        monkeypatch.setattr(Passwords, "verify", None)  # no hash is computed after that
        assert service.post("/password/change", token, **body).status_code == 429
