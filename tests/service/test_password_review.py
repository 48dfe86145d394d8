"""A password that is too weak without a second factor, after the factor was removed."""

from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from werkzeug.test import TestResponse

from flask_watchword.accounts.login_challenge import NEW_PASSWORD
from flask_watchword.accounts.passwords import Passwords
from flask_watchword.clock import system_clock
from flask_watchword.service.load_settings import read_settings
from tests.service.good_requests import enrolled, totp_code
from tests.service.under_test import BETTER, EMAIL, GOOD, ServiceUnderTest, service_under_test

BOSS = "boss@example.com"
SHORT = "otter juggle"


@pytest.fixture
def service(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceUnderTest]:
    # Differences between databases are covered by the store contracts.
    with service_under_test(sqlite_url, monkeypatch) as found:
        yield found


def error_of(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def choose(
    service: ServiceUnderTest, token: str, password: str = BETTER, **more: Any
) -> TestResponse:
    return service.post("/login/password", pending_token=token, password=password, **more)


def beside_a_factor(service: ServiceUnderTest, password: str = SHORT) -> tuple[str, str]:
    """Add a user with TOTP and this password; return a token and the secret."""
    token, secret = enrolled(service)
    body = {"current_password": GOOD, "password": password, "code": totp_code(secret)}
    assert service.post("/password/change", token, **body).status_code == 204
    service.mail()
    return token, secret


def removed_by_an_admin(service: ServiceUnderTest, password: str = SHORT) -> None:
    """Leave a user with this password and without a second factor."""
    beside_a_factor(service, password)
    boss = service.add(BOSS)
    service.parts.stores.users.set_roles(boss.id, frozenset({"admin"}))
    user = service.user()
    assert user is not None
    token = service.pair(BOSS)["access_token"]
    assert service.ask("DELETE", f"/admin/users/{user.id}/totp", token).status_code == 204
    service.mail()


def refused(service: ServiceUnderTest, password: str = SHORT) -> str:
    """Log in, get a rejection, and return the token that allows a password change."""
    answer = service.log_in(password=password)
    assert error_of(answer) == (403, "password_change_required")
    assert answer.headers["Cache-Control"] == "no-store"
    token: str = answer.get_json()["pending_token"]
    return token


def test_next_login_requires_a_stronger_password(service: ServiceUnderTest) -> None:
    removed_by_an_admin(service)
    token = refused(service)
    done = choose(service, token)
    assert done.status_code == 200
    assert service.me(done.get_json()["access_token"]).status_code == 200
    assert service.log_in(password=SHORT).status_code == 401
    assert service.log_in(password=BETTER).status_code == 200
    assert [mail.kind for mail in service.mail()] == ["password_changed"]
    assert service.events()[-5:] == [
        "password_change_required",
        "password_changed",
        "login",
        "login_failed",
        "login",
    ]


def test_strong_password_logs_in_and_is_checked_once(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed_by_an_admin(service, BETTER)
    assert service.log_in(password=BETTER).status_code == 200
    user = service.user()
    assert user is not None
    assert user.password_review_at is None
    monkeypatch.setattr("flask_watchword.accounts.password_strength.zxcvbn", None)
    assert service.log_in(password=BETTER).status_code == 200


@pytest.mark.parametrize("password", ["ottersotters2019", f"{EMAIL}1"])
def test_long_but_weak_password_is_rejected_too(service: ServiceUnderTest, password: str) -> None:
    user = service.add(password=password)
    service.parts.stores.users.require_password_review(user.id, system_clock())
    assert choose(service, refused(service, password)).status_code == 200


def test_wrong_password_does_not_reveal_the_review(service: ServiceUnderTest) -> None:
    removed_by_an_admin(service)
    assert error_of(service.log_in(password="wrong")) == (401, "invalid_credentials")


def test_short_password_of_a_user_who_never_had_a_factor_logs_in(service: ServiceUnderTest) -> None:
    # For example an imported one: the review applies only after a factor was removed.
    service.add(password=SHORT)
    assert service.log_in(password=SHORT).status_code == 200


def test_token_allows_one_password_change_and_nothing_else(service: ServiceUnderTest) -> None:
    removed_by_an_admin(service)
    token = refused(service)
    assert service.me(token).status_code == 401
    assert error_of(service.post("/login/totp", pending_token=token, code="123456")) == (
        401,
        "invalid_pending_token",
    )
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == NEW_PASSWORD.lifetime
    assert claims["aud"] != service.parts.settings.audience
    assert choose(service, token).status_code == 200
    assert error_of(choose(service, token, GOOD)) == (401, "invalid_pending_token")


def test_no_other_token_allows_the_password_change(service: ServiceUnderTest) -> None:
    token, _ = beside_a_factor(service)
    pending = service.log_in(password=SHORT).get_json()["pending_token"]
    for other in (token, pending, "", "a.b.c", "\0", "x" * 4096):
        assert error_of(choose(service, other)) == (401, "invalid_pending_token")


def test_token_expires_and_ends_when_the_account_changes(service: ServiceUnderTest) -> None:
    removed_by_an_admin(service)
    token, user = refused(service), service.user()
    assert user is not None
    manager = service.app.extensions["flask-jwt-extended"]
    clock = manager.clock
    manager.clock = lambda: clock() + NEW_PASSWORD.lifetime
    assert error_of(choose(service, token)) == (401, "invalid_pending_token")
    manager.clock = clock
    service.parts.stores.users.disable(user.id, system_clock())
    assert error_of(choose(service, token)) == (401, "invalid_pending_token")


def test_weak_new_password_is_rejected_and_counted(service: ServiceUnderTest) -> None:
    removed_by_an_admin(service)
    token = refused(service)
    # The login itself counted one.
    answers = [choose(service, token, SHORT) for _ in range(29)]
    assert {error_of(answer) for answer in answers} == {(422, "invalid_field")}
    assert error_of(choose(service, token)) == (429, "too_many_tries")
    assert error_of(service.log_in(password=SHORT)) == (429, "too_many_tries")


def test_tokens_are_set_in_cookies_on_request(service: ServiceUnderTest) -> None:
    removed_by_an_admin(service)
    token = refused(service)
    foreign = service.client.post(
        "/login/password",
        json={"pending_token": token, "password": BETTER, "transport": "cookie"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert error_of(foreign) == (403, "cross_origin")
    done = choose(service, token, transport="cookie")
    assert done.get_json().keys() == {"csrf_token", "expires_in"}
    assert "__Host-access_token" in str(done.headers)


def test_reset_by_email_ends_the_review(service: ServiceUnderTest) -> None:
    removed_by_an_admin(service)
    assert service.post("/password/forgot", email=EMAIL).status_code == 202
    assert service.post("/password/reset", code=service.code(), password=SHORT).status_code == 422
    assert service.post("/password/forgot", email=EMAIL).status_code == 202
    assert service.post("/password/reset", code=service.code(), password=BETTER).status_code < 300
    assert service.log_in(password=BETTER).status_code == 200


def test_password_changed_during_the_removal_is_found_at_the_next_login(
    service: ServiceUnderTest,
) -> None:
    removed_by_an_admin(service, BETTER)
    user = service.user()
    assert user is not None
    # Its transaction commits after that of the admin.
    late = service.parts.passwords.hash(SHORT)
    assert service.parts.stores.users.set_password(user.id, late, system_clock(), user.version)
    assert choose(service, refused(service)).status_code == 200


def test_disabling_the_factor_requires_a_strong_password_first(service: ServiceUnderTest) -> None:
    token, secret = beside_a_factor(service)
    body = {"password": SHORT, "code": totp_code(secret, 1)}
    answer = service.post("/totp/disable", token, **body)
    assert (*error_of(answer), answer.get_json()["field"]) == (422, "invalid_field", "password")
    assert "change it first" in answer.get_json()["msg"]
    assert service.log_in(password=SHORT).get_json()["mfa_required"]


def test_long_but_weak_password_is_not_enough_to_disable_the_factor(
    service: ServiceUnderTest,
) -> None:
    # With a factor a weaker password of any length is accepted.
    token, secret = beside_a_factor(service, "ottersotters2019")
    body = {"password": "ottersotters2019", "code": totp_code(secret, 1)}
    assert error_of(service.post("/totp/disable", token, **body)) == (422, "invalid_field")


def test_password_changed_while_the_factor_is_disabled_is_checked(
    service: ServiceUnderTest,
) -> None:
    token, secret = beside_a_factor(service, BETTER)
    body = {"password": BETTER, "code": totp_code(secret, 1)}
    assert service.post("/totp/disable", token, **body).status_code == 204
    user = service.user()
    assert user is not None
    late = service.parts.passwords.hash(SHORT)
    assert service.parts.stores.users.set_password(user.id, late, system_clock(), user.version)
    assert choose(service, refused(service), GOOD).status_code == 200


def test_enrolling_again_requires_the_review_first(service: ServiceUnderTest) -> None:
    user = service.add_verified(password=SHORT)
    owner = service.pair(password=SHORT)["access_token"]
    service.parts.stores.users.require_password_review(user.id, system_clock())
    stolen = refused(service)
    secret = service.post("/totp/enrol", owner, password=SHORT).get_json()["secret"]
    assert service.post("/totp/confirm", owner, code=totp_code(secret)).status_code == 200
    assert error_of(choose(service, stolen)) == (401, "invalid_credentials")
    assert service.me(owner).status_code == 200
    assert "mfa_required" in service.log_in(password=SHORT).get_json()


def test_correct_password_counts_when_it_may_not_be_checked_again(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"SUCCESSFUL_LOGIN_PER_ACCOUNT": "3/day", "NEW_PASSWORD_PER_ACCOUNT": "1/day"}
    settings = read_settings({f"WATCHWORD_LIMIT_{name}": text for name, text in limits.items()})
    with service_under_test(sqlite_url, monkeypatch, limits=settings.limits) as service:
        user = service.add(password=SHORT)
        service.parts.stores.users.require_password_review(user.id, system_clock())
        assert [service.log_in(password=SHORT).status_code for _ in range(3)] == [403, 429, 429]
        monkeypatch.setattr(Passwords, "verify", None)  # no hash is computed after that
        assert service.log_in(password=SHORT).status_code == 429
