"""TOTP: enrolment, login, recovery codes, reset and removal."""

import importlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pyotp
import pytest
from sqlalchemy import text

from flask_watchword import decode_token
from flask_watchword.accounts.login_challenge import SECOND_FACTOR
from flask_watchword.service.authentication import challenge_tokens as pending_tokens
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.features.recovery_codes.flow import RECOVERY_CODES, new_recovery_codes
from flask_watchword.service.features.table import active_features, endpoints_of
from flask_watchword.service.features.totp.flow import STEP_SECONDS, TOTP, new_enrolment
from flask_watchword.service.features.totp.http import enrolment as totp_enrol
from tests.service.under_test import BETTER, EMAIL, GOOD, ServiceUnderTest


def code_at(secret: str, steps: int = 0) -> str:
    """Return the code for a number of time steps from now."""
    return pyotp.TOTP(secret).at(int(time.time()) + steps * STEP_SECONDS)


def wrong_code(secret: str) -> str:
    good = {code_at(secret, steps) for steps in range(-3, 4)}
    return next(code for code in map("{:06d}".format, range(9)) if code not in good)


def enrolled(service: ServiceUnderTest) -> tuple[str, list[str], dict[str, Any]]:
    """Add a user with TOTP; return its secret, recovery codes and session."""
    service.add_verified()
    pair = service.pair()
    secret = service.post("/totp/enrol", pair["access_token"], password=GOOD).get_json()["secret"]
    # Use the oldest accepted code, so that two newer ones can follow immediately; retry once if the
    # code expired in between.
    for _ in range(2):
        confirmed = service.post("/totp/confirm", pair["access_token"], code=code_at(secret, -1))
        if confirmed.status_code == 200:
            break
    assert confirmed.status_code == 200, confirmed.get_json()
    return secret, confirmed.get_json()["recovery_codes"], pair


def pending(service: ServiceUnderTest, password: str = GOOD) -> str:
    answer = service.log_in(password=password)
    assert answer.status_code == 200
    body = answer.get_json()
    assert body.keys() == {"mfa_required", "pending_token", "factors"}
    assert body["mfa_required"] is True
    token: str = body["pending_token"]
    return token


def finish(service: ServiceUnderTest, token: str, **second: str) -> Any:
    return service.post("/login/totp", pending_token=token, **second)


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


# Enrolment --------------------------------------------------------------------------------


def test_totp_is_required_once_it_is_confirmed(service: ServiceUnderTest) -> None:
    service.add_verified()
    token = service.pair()["access_token"]
    begun = service.post("/totp/enrol", token, password=GOOD)
    assert begun.status_code == 200
    assert begun.headers["Cache-Control"] == "no-store"
    secret = begun.get_json()["secret"]
    uri = pyotp.parse_uri(begun.get_json()["otpauth_uri"])
    assert (uri.secret, uri.name, uri.issuer) == (secret, EMAIL, "Watchword")
    assert "access_token" in service.pair()

    wrong = service.post("/totp/confirm", token, code=wrong_code(secret))
    assert error_of(wrong) == (403, "wrong_code")
    assert "access_token" in service.pair()

    done = service.post("/totp/confirm", token, code=code_at(secret))
    assert done.status_code == 200
    codes = done.get_json()["recovery_codes"]
    assert len(codes) == len(set(codes)) == 10
    assert pending(service)
    assert [mail.kind for mail in service.mail()] == ["totp_added"]
    assert service.events().count("totp_enabled") == 1


def test_enrolment_requires_a_verified_address(service: ServiceUnderTest) -> None:
    service.add()
    token = service.pair()["access_token"]
    refused = service.post("/totp/enrol", token, password=GOOD)
    assert error_of(refused) == (409, "email_unverified")
    assert service.post("/email/verify/resend", email=EMAIL).status_code == 202
    assert service.post("/email/verify", code=service.code(), password=GOOD).status_code == 204
    assert service.post("/totp/enrol", token, password=GOOD).status_code == 200


def test_confirmation_ends_sessions_that_started_with_a_password_alone(
    service: ServiceUnderTest,
) -> None:
    service.add_verified()
    elsewhere, here = service.pair(), service.pair()
    token = here["access_token"]
    secret = service.post("/totp/enrol", token, password=GOOD).get_json()["secret"]
    service.post("/totp/confirm", token, code=wrong_code(secret))
    assert service.me(elsewhere["access_token"]).status_code == 200
    assert service.post("/totp/confirm", token, code=code_at(secret)).status_code == 200
    assert service.me(elsewhere["access_token"]).status_code == 401
    assert service.post("/refresh", elsewhere["refresh_token"]).status_code == 401
    assert service.me(token).status_code == 200
    assert service.post("/refresh", here["refresh_token"]).status_code == 200


def test_code_that_confirms_is_used_up(service: ServiceUnderTest) -> None:
    service.add_verified()
    token = service.pair()["access_token"]
    secret = service.post("/totp/enrol", token, password=GOOD).get_json()["secret"]
    code = code_at(secret)
    assert service.post("/totp/confirm", token, code=code).status_code == 200
    assert error_of(finish(service, pending(service), code=code)) == (401, "invalid_second_factor")


def test_stolen_session_cannot_enrol(service: ServiceUnderTest) -> None:
    service.add_verified()
    token = service.pair()["access_token"]
    assert error_of(service.post("/totp/enrol", token, password=BETTER)) == (403, "wrong_password")
    assert error_of(service.post("/totp/confirm", token, code="123456")) == (
        409,
        "second_factor_missing",
    )


def test_confirmed_device_cannot_be_replaced_by_enrolment(service: ServiceUnderTest) -> None:
    secret, _, pair = enrolled(service)
    token = pair["access_token"]
    assert error_of(service.post("/totp/enrol", token, password=GOOD)) == (
        409,
        "second_factor_active",
    )
    again = service.post("/totp/confirm", token, code=code_at(secret))
    assert error_of(again) == (409, "second_factor_active")
    assert finish(service, pending(service), code=code_at(secret)).status_code == 200


def test_second_enrolment_invalidates_the_first_secret(service: ServiceUnderTest) -> None:
    service.add_verified()
    token = service.pair()["access_token"]
    first, second = (
        service.post("/totp/enrol", token, password=GOOD).get_json()["secret"] for _ in range(2)
    )
    assert first != second
    assert service.post("/totp/confirm", token, code=code_at(first)).status_code == 403
    assert service.post("/totp/confirm", token, code=code_at(second)).status_code == 200


def test_one_of_two_concurrent_confirmations_succeeds(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.add_verified()
    token = service.pair()["access_token"]
    secret = service.post("/totp/enrol", token, password=GOOD).get_json()["secret"]
    code, together = code_at(secret), threading.Barrier(2)

    def codes_for_both() -> list[str]:
        together.wait(30)  # both have found TOTP unconfirmed and the code valid
        return new_recovery_codes()

    monkeypatch.setattr(totp_enrol, "new_recovery_codes", codes_for_both)
    headers = {"Authorization": f"Bearer {token}"}

    def confirm(_: int) -> Any:
        client = service.app.test_client()
        return client.post("/totp/confirm", json={"code": code}, headers=headers)

    with ThreadPoolExecutor(2) as pool:
        first, second = sorted(pool.map(confirm, range(2)), key=lambda one: one.status_code)
    assert first.status_code == 200
    assert error_of(second) == (409, "second_factor_active")
    assert service.events().count("totp_enabled") == 1
    assert [mail.kind for mail in service.mail()] == ["totp_added"]
    stores = service.parts.repositories
    assert stores.get(RECOVERY_CODES).left(_id(service)) == 10
    for recovery_code in first.get_json()["recovery_codes"][:2]:
        assert finish(service, pending(service), recovery_code=recovery_code).status_code == 200
    assert error_of(finish(service, pending(service), code=code)) == (401, "invalid_second_factor")


def test_confirmation_overtaken_by_a_new_enrolment_confirms_neither(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.add_verified()
    token = service.pair()["access_token"]
    secret = service.post("/totp/enrol", token, password=GOOD).get_json()["secret"]
    totp = service.parts.repositories.get(TOTP)

    def begun_again() -> list[str]:
        assert totp.begin(new_enrolment(_id(service), time.time() + 1))
        return new_recovery_codes()

    monkeypatch.setattr(totp_enrol, "new_recovery_codes", begun_again)
    assert error_of(service.post("/totp/confirm", token, code=code_at(secret))) == (
        403,
        "wrong_code",
    )
    assert not totp.has_factor(_id(service))
    assert "access_token" in service.pair()


# Login ------------------------------------------------------------------------------------


def test_login_with_both_factors_is_recorded_in_every_token(service: ServiceUnderTest) -> None:
    secret, _, _ = enrolled(service)
    answer = finish(service, pending(service), code=code_at(secret))
    assert answer.status_code == 200
    pair = answer.get_json()
    assert service.me(pair["access_token"]).status_code == 200
    refreshed = service.post("/refresh", pair["refresh_token"]).get_json()
    with service.app.app_context():
        for token in (pair["access_token"], refreshed["access_token"]):
            assert decode_token(token)["amr"] == ["pwd", "otp"]
    assert service.events()[-2:] == ["second_factor_asked", "login"]


def test_password_alone_starts_no_session(service: ServiceUnderTest) -> None:
    enrolled(service)
    before = len(service.parts.stores.sessions.of_subject(_id(service), time.time()))
    pending(service)
    assert len(service.parts.stores.sessions.of_subject(_id(service), time.time())) == before


def test_wrong_password_gets_the_same_response_as_without_a_second_factor(
    service: ServiceUnderTest,
) -> None:
    enrolled(service)
    known, unknown = service.log_in(password=BETTER), service.log_in("eve@example.com", BETTER)
    assert known.status_code == unknown.status_code == 401
    assert known.get_json() == unknown.get_json()


def test_each_code_is_used_once_and_invalidates_older_ones(service: ServiceUnderTest) -> None:
    secret, _, _ = enrolled(service)
    newest = code_at(secret, 1)
    assert finish(service, pending(service), code=newest).status_code == 200
    for code in (newest, code_at(secret)):
        assert error_of(finish(service, pending(service), code=code)) == (
            401,
            "invalid_second_factor",
        )


def test_one_of_many_concurrent_logins_with_one_code_succeeds(service: ServiceUnderTest) -> None:
    secret, _, _ = enrolled(service)
    tokens = [pending(service) for _ in range(4)]
    code, statuses = code_at(secret), []
    together = threading.Barrier(len(tokens))

    def log_in(token: str) -> None:
        client = service.app.test_client()
        together.wait(30)
        answer = client.post("/login/totp", json={"pending_token": token, "code": code})
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=log_in, args=[token]) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [200, 401, 401, 401]


def test_recovery_code_is_single_use_in_any_spelling(service: ServiceUnderTest) -> None:
    _, codes, _ = enrolled(service)
    typed = codes[0].replace("-", " ").upper()
    assert finish(service, pending(service), recovery_code=typed).status_code == 200
    again = finish(service, pending(service), recovery_code=codes[0])
    assert error_of(again) == (401, "invalid_second_factor")
    assert finish(service, pending(service), recovery_code=codes[1]).status_code == 200
    used = [e for e in _entries(service) if e.event == "recovery_code_used"]
    assert [one.detail["left"] for one in used] == [9, 8]


@pytest.mark.parametrize("second", [{}, {"code": "123456", "recovery_code": "0000-0000-0000-0000"}])
def test_exactly_one_second_factor_must_be_sent(
    service: ServiceUnderTest, second: dict[str, str]
) -> None:
    enrolled(service)
    refused = finish(service, pending(service), **second)
    assert (*error_of(refused), refused.get_json()["field"]) == (422, "invalid_field", "code")


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "１２３４５６", "12 34 5", "-12345", "\x00" * 6]
)
def test_malformed_code_counts_as_wrong(service: ServiceUnderTest, code: str) -> None:
    enrolled(service)
    assert error_of(finish(service, pending(service), code=code)) == (401, "invalid_second_factor")


def test_guesses_are_counted_per_account_and_not_per_challenge(service: ServiceUnderTest) -> None:
    secret, codes, _ = enrolled(service)
    wrong = wrong_code(secret)
    for second, right in (
        ({"code": wrong}, {"code": code_at(secret)}),
        ({"recovery_code": "0" * 20}, {"recovery_code": codes[0]}),
    ):
        # Each kind is counted separately: an attacker who exhausts one limit leaves the owner the
        # other.
        for _ in range(5):
            assert finish(service, pending(service), **second).status_code == 401
        token = pending(service)
        for tried in (second, right):
            refused = finish(service, token, **tried)
            assert error_of(refused) == (429, "too_many_tries")
            assert int(refused.headers["Retry-After"]) > 0
    assert service.events().count("second_factor_failed") == 10


def test_recovery_code_is_accepted_when_the_totp_limit_is_reached(
    service: ServiceUnderTest,
) -> None:
    secret, codes, _ = enrolled(service)
    for _ in range(6):
        finish(service, pending(service), code=wrong_code(secret))
    assert finish(service, pending(service), recovery_code=codes[0]).status_code == 200


def test_correct_codes_are_not_counted(service: ServiceUnderTest) -> None:
    _, codes, _ = enrolled(service)
    for code in codes[:8]:
        assert finish(service, pending(service), recovery_code=code).status_code == 200


# The challenge token ----------------------------------------------------------------------


GUARDED = [one for one in endpoints_of(active_features(Settings())) if one.access.tokens]


@pytest.fixture(scope="module")
def shared_pending(shared: ServiceUnderTest) -> str:
    enrolled(shared)
    return pending(shared)


@pytest.mark.parametrize("one", GUARDED, ids=lambda one: one.name)
def test_challenge_token_is_rejected_by_every_other_endpoint(
    shared: ServiceUnderTest, shared_pending: str, one: Endpoint
) -> None:
    path = one.path.replace("<", "").replace(">", "")
    refused = shared.ask(one.method, path, shared_pending)
    assert error_of(refused)[0] == 401
    assert error_of(refused)[1] in ("invalid_audience", "invalid_token")


def test_challenge_token_is_rejected_by_its_type_too(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled(service)
    audience = service.parts.settings.audience
    monkeypatch.setattr(pending_tokens, "_audience", lambda _context: audience)
    assert error_of(service.me(pending(service))) == (401, "invalid_token")


def test_challenge_token_has_its_type_in_header_and_claims(service: ServiceUnderTest) -> None:
    enrolled(service)
    token = pending(service)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert jwt.get_unverified_header(token)["typ"] == "pl+jwt"
    assert claims["type"] == "pending_login"
    assert claims["aud"] != service.parts.settings.audience
    assert claims["exp"] - claims["iat"] == SECOND_FACTOR.lifetime
    assert "sid" not in claims
    assert "roles" not in claims


def test_no_other_token_is_accepted_as_a_challenge_token(service: ServiceUnderTest) -> None:
    secret, _, pair = enrolled(service)
    forged = jwt.encode({"sub": _id(service), "type": "pending_login"}, "k" * 32, "HS256")
    others = [pair["access_token"], pair["refresh_token"], forged, "", "a.b.c", "é", "x" * 4096]
    for token in others:
        refused = finish(service, token, code=code_at(secret))
        assert error_of(refused) == (401, "invalid_pending_token")
    assert finish(service, pending(service), code=code_at(secret)).status_code == 200


def test_challenge_token_expires_after_five_minutes(service: ServiceUnderTest) -> None:
    secret, _, _ = enrolled(service)
    token = pending(service)
    manager = service.app.extensions["flask-jwt-extended"]
    clock = manager.clock
    manager.clock = lambda: clock() + SECOND_FACTOR.lifetime
    refused = finish(service, token, code=code_at(secret))
    assert error_of(refused) == (401, "invalid_pending_token")


def test_challenge_ends_when_the_password_changes(service: ServiceUnderTest) -> None:
    secret, (recovery_code, *_), pair = enrolled(service)
    token = pending(service)
    body = {"current_password": GOOD, "password": BETTER, "recovery_code": recovery_code}
    assert service.post("/password/change", pair["access_token"], **body).status_code == 204
    refused = finish(service, token, code=code_at(secret))
    assert error_of(refused) == (401, "invalid_pending_token")
    assert finish(service, pending(service, BETTER), code=code_at(secret)).status_code == 200


def test_challenge_survives_the_end_of_every_session(service: ServiceUnderTest) -> None:
    secret, _, _ = enrolled(service)
    token = pending(service)
    with service.app.app_context():
        service.parts.sessions.end_all(_id(service))
    assert finish(service, token, code=code_at(secret)).status_code == 200


def test_challenge_under_a_revoked_key_is_rejected(service: ServiceUnderTest) -> None:
    secret, _, _ = enrolled(service)
    token = pending(service)
    with service.app.app_context():
        service.parts.sessions.revoke_key(jwt.get_unverified_header(token)["kid"])
    refused = finish(service, token, code=code_at(secret))
    assert error_of(refused) == (401, "invalid_pending_token")


def test_challenge_of_a_disabled_or_deleted_user_is_rejected(service: ServiceUnderTest) -> None:
    secret, (recovery_code, *_), pair = enrolled(service)
    token = pending(service)
    service.parts.stores.users.disable(_id(service), time.time())
    code = code_at(secret)
    assert error_of(finish(service, token, code=code)) == (401, "invalid_pending_token")
    service.parts.stores.users.enable(_id(service))
    token = pending(service)
    body = {"password": GOOD, "recovery_code": recovery_code}
    assert service.ask("DELETE", "/me", pair["access_token"], **body).status_code == 204
    assert error_of(finish(service, token, code=code)) == (401, "invalid_pending_token")


# Reset and removal -------------------------------------------------------------------------


def test_password_reset_neither_bypasses_nor_removes_the_second_factor(
    service: ServiceUnderTest,
) -> None:
    secret, codes, _ = enrolled(service)
    service.mail()
    assert service.post("/password/forgot", email=EMAIL).status_code == 202
    reset = service.post("/password/reset", code=service.code(), password=BETTER)
    assert reset.status_code == 200
    assert finish(service, pending(service, BETTER), code=code_at(secret)).status_code == 200
    assert finish(service, pending(service, BETTER), recovery_code=codes[0]).status_code == 200


def test_disabling_requires_the_password_and_deletes_everything(service: ServiceUnderTest) -> None:
    secret, codes, pair = enrolled(service)
    token = pair["access_token"]
    service.mail()
    assert error_of(service.post("/totp/disable", token, password=BETTER)) == (
        403,
        "wrong_password",
    )
    waiting = pending(service)
    code = code_at(secret)
    assert service.post("/totp/disable", token, password=GOOD, code=code).status_code == 204
    for second in ({"code": code_at(secret, 1)}, {"recovery_code": codes[0]}):
        assert error_of(finish(service, waiting, **second)) == (401, "invalid_second_factor")
    assert "access_token" in service.pair()
    assert service.me(token).status_code == 200
    assert [mail.kind for mail in service.mail()] == ["totp_removed"]
    assert error_of(service.post("/totp/disable", token, password=GOOD)) == (
        409,
        "second_factor_missing",
    )


def test_password_that_is_too_short_alone_keeps_the_second_factor(
    service: ServiceUnderTest,
) -> None:
    secret, (recovery_code, *_), pair = enrolled(service)
    token, short = pair["access_token"], "otter juggle 7"
    body = {"current_password": GOOD, "password": short, "recovery_code": recovery_code}
    assert service.post("/password/change", token, **body).status_code == 204
    refused = service.post("/totp/disable", token, password=short, code=code_at(secret))
    assert (*error_of(refused), refused.get_json()["field"]) == (422, "invalid_field", "password")
    assert finish(service, pending(service, short), code=code_at(secret)).status_code == 200


def test_new_recovery_codes_replace_the_old_ones(service: ServiceUnderTest) -> None:
    secret, old, pair = enrolled(service)
    token, code = pair["access_token"], code_at(secret)
    assert service.post("/totp/recovery-codes", token, password=BETTER).status_code == 403
    renewed = service.post("/totp/recovery-codes", token, password=GOOD, code=code)
    new = renewed.get_json()["recovery_codes"]
    assert len(new) == 10
    assert not {*new} & {*old}
    assert finish(service, pending(service), recovery_code=old[0]).status_code == 401
    assert finish(service, pending(service), recovery_code=new[0]).status_code == 200


def test_recovery_codes_require_a_second_factor(service: ServiceUnderTest) -> None:
    service.add()
    token = service.pair()["access_token"]
    refused = service.post("/totp/recovery-codes", token, password=GOOD)
    assert error_of(refused) == (409, "second_factor_missing")


# Bypasses ----------------------------------------------------------------------------------


def test_login_started_before_confirmation_starts_no_session(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled(service)
    login = importlib.import_module("flask_watchword.service.features.login.http")
    monkeypatch.setattr(login, "challenge_response", lambda *_: None)
    assert error_of(service.log_in()) == (401, "invalid_credentials")


def test_secret_that_cannot_be_decrypted_rejects_the_login(
    service: ServiceUnderTest, database_url: str
) -> None:
    secret, codes, _ = enrolled(service)
    with service.parts.stores.accounts._engine.begin() as connection:  # type: ignore[attr-defined]
        connection.execute(
            text("UPDATE watchword_totp SET sealed_secret = :sealed"), {"sealed": b"\x01" * 60}
        )
    refused = finish(service, pending(service), code=code_at(secret))
    assert error_of(refused) == (503, "second_factor_unavailable")
    assert "Retry-After" in refused.headers
    assert finish(service, pending(service), recovery_code=codes[0]).status_code == 200


def _id(service: ServiceUnderTest) -> str:
    user = service.user()
    assert user is not None
    return user.id


def _entries(service: ServiceUnderTest) -> list[Any]:
    log = service.parts.repositories.audit_log
    return [entry.event for entry in log.after(0, 1000)]


def test_challenge_token_is_in_the_body_and_the_session_may_be_in_cookies(
    service: ServiceUnderTest,
) -> None:
    _, (recovery_code, *_), _ = enrolled(service)
    body = {"email": EMAIL, "password": GOOD, "transport": "cookie"}
    challenged = service.client.post("/login", json=body)
    assert challenged.get_json().keys() == {"mfa_required", "pending_token", "factors"}
    assert "Set-Cookie" not in challenged.headers
    token = challenged.get_json()["pending_token"]
    finished = finish(service, token, recovery_code=recovery_code, transport="cookie")
    assert finished.get_json().keys() == {"expires_in", "csrf_token"}
    assert len(finished.headers.getlist("Set-Cookie")) == 3
    assert service.client.get("/me").get_json()["email"] == EMAIL
