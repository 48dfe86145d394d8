from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from flask_watchword.clock import system_clock
from tests.service.site import BETTER, EMAIL, GOOD, Site, code_in, headers_without_id, site


def register(ours: Site, **changes: Any) -> Any:
    return ours.post("/register", **{"email": EMAIL, "password": GOOD} | changes)


def test_new_user_can_log_in_and_verifies_the_address_with_the_code(ours: Site) -> None:
    answer = register(ours)
    assert answer.status_code == 201
    token = ours.pair()["access_token"]
    assert ours.me(token).get_json()["email_verified"] is False
    (mail,) = ours.mail()
    assert (mail.recipient, mail.kind) == (EMAIL, "verify_email")
    code = code_in(mail.body.text)
    assert ours.post("/email/verify", code=code, password=GOOD).status_code == 204
    assert ours.me(token).get_json()["email_verified"] is True
    again = ours.post("/email/verify", code=code, password=GOOD)
    assert (again.status_code, again.get_json()["code"]) == (400, "invalid_code")
    assert ours.events() == ["registered", "login", "email_verified"]


def test_known_address_gets_the_same_response_and_its_owner_is_notified(ours: Site) -> None:
    first = register(ours)
    ours.mail()
    known = register(ours, email=EMAIL.upper(), password=BETTER)
    assert (known.status_code, known.data) == (first.status_code, first.data)
    assert headers_without_id(known) == headers_without_id(first)
    (mail,) = ours.mail()
    assert (mail.recipient, mail.kind) == (EMAIL, "already_registered")
    assert ours.log_in(password=BETTER).status_code == 401
    assert ours.log_in(password=GOOD).status_code == 200
    assert len(ours.parts.stores.users.page()) == 1


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
    ours: Site, field: str, value: Any
) -> None:
    answer = register(ours, **{field: value})
    assert answer.status_code == 422
    assert (answer.get_json()["code"], answer.get_json()["field"]) == ("invalid_field", field)
    assert len(ours.parts.stores.users.page()) == 0
    assert (ours.mail(), ours.events()) == ([], [])


def test_one_of_two_hundred_concurrent_registrations_of_one_address_succeeds(ours: Site) -> None:
    def one(number: int) -> int:
        # Each from a different client address, since one may register ten accounts at most.
        where = {"REMOTE_ADDR": f"10.0.0.{number}"}
        name = "".join(c.upper() if number >> i & 1 else c for i, c in enumerate("adalovel"))
        body = {"email": f"{name}@Example.COM", "password": GOOD}
        while True:
            answer = ours.app.test_client().post("/register", json=body, environ_base=where)
            if answer.status_code != 503:
                return answer.status_code

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(one, range(200)))
    assert answers == [201] * 200
    assert len(ours.parts.stores.users.page()) == 1
    assert sorted(ours.events()) == ["registered"] + ["registered_again"] * 199
    # The mailbox limit is three messages.
    kinds = sorted(mail.kind for mail in ours.mail())
    assert len(kinds) <= 3
    assert set(kinds) <= {"already_registered", "verify_email"}


def test_client_address_may_register_ten_accounts(ours: Site) -> None:
    for number in range(10):
        assert register(ours, email=f"user{number}@example.com").status_code == 201
    refused = register(ours, email="one-more@example.com")
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_tries")
    assert 0 < int(refused.headers["Retry-After"]) <= 360
    assert ours.user("one-more@example.com") is None


def test_rejected_registrations_do_not_count(ours: Site) -> None:
    for _ in range(12):
        assert register(ours, password="short").status_code == 422
    assert register(ours).status_code == 201
    assert len(ours.mail()) == 1


def test_new_code_replaces_the_first(ours: Site) -> None:
    register(ours)
    first = ours.code()
    answer = ours.post("/email/verify/resend", email=EMAIL)
    assert answer.status_code == 202
    second = ours.code()
    assert ours.post("/email/verify", code=first, password=GOOD).status_code == 400
    assert ours.post("/email/verify", code=second, password=GOOD).status_code == 204
    # There is nothing left to verify, which the response does not reveal.
    for email in (EMAIL, "eve@example.com", "no address", "\0"):
        other = ours.post("/email/verify/resend", email=email)
        assert (other.status_code, other.data) == (202, answer.data)
    assert ours.mail() == []


def test_code_expires(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with site(database_url, monkeypatch, of_features={"verify_email_seconds": 60}) as ours:
        register(ours)
        code = ours.code()
        later = system_clock() + 61.0
        monkeypatch.setattr("flask_watchword.service.context.system_clock", lambda: later)
        assert ours.post("/email/verify", code=code, password=GOOD).status_code == 400
