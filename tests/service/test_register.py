from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from flask_watchword.clock import system_clock
from tests.service.under_test import (
    BETTER,
    EMAIL,
    GOOD,
    ServiceUnderTest,
    code_in,
    headers_without_id,
    service_under_test,
)


def register(service: ServiceUnderTest, **changes: Any) -> Any:
    return service.post("/register", **{"email": EMAIL, "password": GOOD} | changes)


def test_new_user_can_log_in_and_verifies_the_address_with_the_code(
    service: ServiceUnderTest,
) -> None:
    answer = register(service)
    assert answer.status_code == 201
    token = service.pair()["access_token"]
    assert service.me(token).get_json()["email_verified"] is False
    (mail,) = service.mail()
    assert (mail.recipient, mail.kind) == (EMAIL, "verify_email")
    code = code_in(mail.body.text)
    assert service.post("/email/verify", code=code, password=GOOD).status_code == 204
    assert service.me(token).get_json()["email_verified"] is True
    again = service.post("/email/verify", code=code, password=GOOD)
    assert (again.status_code, again.get_json()["code"]) == (400, "invalid_code")
    assert service.events() == ["registered", "login", "email_verified"]


def test_known_address_gets_the_same_response_and_its_owner_is_notified(
    service: ServiceUnderTest,
) -> None:
    first = register(service)
    service.mail()
    known = register(service, email=EMAIL.upper(), password=BETTER)
    assert (known.status_code, known.data) == (first.status_code, first.data)
    assert headers_without_id(known) == headers_without_id(first)
    (mail,) = service.mail()
    assert (mail.recipient, mail.kind) == (EMAIL, "already_registered")
    assert service.log_in(password=BETTER).status_code == 401
    assert service.log_in(password=GOOD).status_code == 200
    assert len(service.parts.stores.users.page()) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("email", "a@localhost"),
        ("email", "a\0b@example.com"),
        ("email", "x" * 250 + "@example.com"),
        ("email", "x" * 1000),
        ("email", None),
        ("email", [EMAIL]),
        ("password", "short"),
        ("password", ""),
        ("password", GOOD + "\0"),
        ("password", "x" * 1025),
        ("password", "ada@example.com1234"),
        ("password", "passwordpassword"),
        ("password", 15),
        ("is_admin", True),
        ("roles", ["admin"]),
        ("id", "0"),
    ],
)
def test_invalid_field_is_rejected_by_name_and_nothing_is_stored(
    service: ServiceUnderTest, field: str, value: Any
) -> None:
    answer = register(service, **{field: value})
    assert answer.status_code == 422
    assert (answer.get_json()["code"], answer.get_json()["field"]) == ("invalid_field", field)
    assert len(service.parts.stores.users.page()) == 0
    assert (service.mail(), service.events()) == ([], [])


def test_one_of_two_hundred_concurrent_registrations_of_one_address_succeeds(
    service: ServiceUnderTest,
) -> None:
    def one(number: int) -> int:
        # Each from a different client address, since one may register ten accounts at most.
        where = {"REMOTE_ADDR": f"10.0.0.{number}"}
        name = "".join(c.upper() if number >> i & 1 else c for i, c in enumerate("adalovel"))
        body = {"email": f"{name}@Example.COM", "password": GOOD}
        while True:
            answer = service.app.test_client().post("/register", json=body, environ_base=where)
            if answer.status_code != 503:
                return answer.status_code

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(one, range(200)))
    assert answers == [201] * 200
    assert len(service.parts.stores.users.page()) == 1
    assert sorted(service.events()) == ["registered"] + ["registered_again"] * 199
    # The mailbox limit is three messages.
    kinds = sorted(mail.kind for mail in service.mail())
    assert len(kinds) <= 3
    assert set(kinds) <= {"already_registered", "verify_email"}


def test_client_address_may_register_ten_accounts(service: ServiceUnderTest) -> None:
    for number in range(10):
        assert register(service, email=f"user{number}@example.com").status_code == 201
    refused = register(service, email="one-more@example.com")
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_tries")
    assert 0 < int(refused.headers["Retry-After"]) <= 360
    assert service.user("one-more@example.com") is None


def test_rejected_registrations_do_not_count(service: ServiceUnderTest) -> None:
    for _ in range(12):
        assert register(service, password="short").status_code == 422
    assert register(service).status_code == 201
    assert len(service.mail()) == 1


def test_new_code_replaces_the_first(service: ServiceUnderTest) -> None:
    register(service)
    first = service.code()
    answer = service.post("/email/verify/resend", email=EMAIL)
    assert answer.status_code == 202
    second = service.code()
    assert service.post("/email/verify", code=first, password=GOOD).status_code == 400
    assert service.post("/email/verify", code=second, password=GOOD).status_code == 204
    # There is nothing left to verify, which the response does not reveal.
    for email in (EMAIL, "eve@example.com", "no address", "\0"):
        other = service.post("/email/verify/resend", email=email)
        assert (other.status_code, other.data) == (202, answer.data)
    assert service.mail() == []


def test_code_expires(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with service_under_test(
        database_url, monkeypatch, of_features={"verify_email_seconds": 60}
    ) as service:
        register(service)
        code = service.code()
        later = system_clock() + 61.0
        monkeypatch.setattr("flask_watchword.service.context.system_clock", lambda: later)
        assert service.post("/email/verify", code=code, password=GOOD).status_code == 400
