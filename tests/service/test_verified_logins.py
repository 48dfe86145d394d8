"""Where mail is sent, login requires a verified address and does not reveal other accounts."""

from collections.abc import Iterator
from typing import Any

import pytest

from flask_watchword.clock import system_clock
from flask_watchword.service.authentication.verified_logins import verified_logins_only
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.features.user_import.flow import Record, user_of_record
from tests.infra.sql.recorded_statements import recording
from tests.service.test_same_work import shapes
from tests.service.under_test import (
    BETTER,
    EMAIL,
    GOOD,
    ServiceUnderTest,
    code_in,
    headers_without_id,
    service_under_test,
)

#: No connection is made to it: the tests read the outbox.
MAIL = {"smtp": "smtp+plain://127.0.0.1:25", "mail_from": "login@example.com"}


@pytest.fixture
def service(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceUnderTest]:
    with service_under_test(database_url, monkeypatch, **MAIL) as found:
        yield found


def test_registration_and_login_do_not_reveal_which_addresses_have_accounts(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by responses, rate-limit hits or database statements."""
    seen: dict[str, list[Any]] = {"known": [], "unknown": []}
    with recording() as sent, service_under_test(database_url, monkeypatch, **MAIL) as service:
        service.add_verified("known@example.com", BETTER)
        service.log_in("another@example.com")
        for n, (kind, answers) in enumerate(seen.items()):
            where = {"REMOTE_ADDR": f"192.0.2.{n + 1}"}
            body = {"email": f"{kind}@example.com", "password": GOOD}
            for path in ("/register", *["/login"] * 11):
                sent.clear()
                answer = service.client.post(path, json=body, environ_base=where)
                # Limits are consumed in the order of their keys, which differs.
                statements = [] if path == "/register" else sorted(shapes(sent))
                answers.append(
                    (answer.status_code, answer.data, headers_without_id(answer), statements)
                )
    assert [status for status, *_ in seen["known"]] == [201] + [401] * 10 + [429]
    # The rejection may happen in the next second.
    seen["known"][-1][2].pop("Retry-After")
    seen["unknown"][-1][2].pop("Retry-After")
    assert seen["known"] == seen["unknown"]


def test_new_user_logs_in_once_the_address_is_verified(service: ServiceUnderTest) -> None:
    assert service.post("/register", email=EMAIL, password=GOOD).status_code == 201
    refused = service.log_in()
    assert refused.status_code == 401
    assert "not verified yet" in refused.get_json()["msg"]
    (mail,) = service.mail()
    assert "Then log in" in mail.body.text
    verified = service.post("/email/verify", code=code_in(mail.body.text), password=GOOD)
    assert verified.status_code == 204
    assert service.log_in().status_code == 200


def test_password_reset_verifies_the_address(service: ServiceUnderTest) -> None:
    service.add()
    service.post("/password/forgot", email=EMAIL)
    assert service.post("/password/reset", code=service.code(), password=BETTER).status_code == 200
    assert service.log_in(password=BETTER).status_code == 200


def test_new_verification_code_can_be_requested(service: ServiceUnderTest) -> None:
    service.add()
    service.post("/email/verify/resend", email=EMAIL)
    assert service.post("/email/verify", code=service.code(), password=GOOD).status_code == 204
    assert service.log_in().status_code == 200


@pytest.mark.parametrize("verified", [True, False])
def test_imported_users_with_a_verified_address_can_log_in(
    service: ServiceUnderTest, verified: bool
) -> None:
    passwords = service.parts.passwords
    record = Record(email=EMAIL, password_hash=passwords.hash(GOOD), email_verified=verified)
    service.parts.stores.users.add(user_of_record(record, passwords, system_clock()))
    assert service.log_in().status_code == (200 if verified else 401)


@pytest.mark.parametrize(
    ("settings", "only"),
    [
        ({}, False),
        (MAIL, True),
        (MAIL | {"of_features": {"require_verified_email": False}}, False),
        ({"of_features": {"require_verified_email": True}}, True),
    ],
)
def test_verification_is_required_when_mail_is_sent_unless_configured_otherwise(
    settings: dict[str, Any], only: bool, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert verified_logins_only(Settings(**settings)) is only
    with service_under_test(sqlite_url, monkeypatch, **settings) as service:
        service.add()
        assert service.log_in().status_code == (401 if only else 200)
