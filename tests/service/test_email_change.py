from typing import Any

import pytest

from tests.service.under_test import EMAIL, GOOD, ServiceUnderTest, code_in, service_under_test

NEW = "Lovelace@Example.org"


def ask(service: ServiceUnderTest, token: str, email: str = NEW, password: str = GOOD) -> Any:
    return service.post("/email/change", token, email=email, password=password)


def confirm(service: ServiceUnderTest, code: str) -> int:
    return service.post("/email/change/confirm", code=code, password=GOOD).status_code


def test_address_changes_when_the_code_from_the_new_address_is_confirmed(
    service: ServiceUnderTest,
) -> None:
    ada = service.add()
    token = service.pair()["access_token"]
    assert ask(service, token).status_code == 202
    mail, notice = sorted(service.mail(), key=lambda mail: mail.kind)
    assert (mail.kind, mail.recipient) == ("change_email", NEW)
    assert (notice.kind, notice.recipient) == ("email_change_requested", EMAIL)
    assert service.me(token).get_json()["email"] == EMAIL
    code = code_in(mail.body.text)
    assert confirm(service, code) == 204
    assert confirm(service, code) == 400
    shown = service.me(token).get_json()
    assert (shown["id"], shown["email"], shown["email_verified"]) == (ada.id, NEW, True)
    (notification,) = service.mail()
    assert (notification.recipient, notification.kind) == (EMAIL, "email_changed")
    assert service.log_in().status_code == 401
    assert service.log_in(NEW.lower()).status_code == 200
    assert service.events()[1:3] == ["email_change_requested", "email_changed"]


def test_address_of_another_user_gets_the_same_response(service: ServiceUnderTest) -> None:
    service.add()
    service.add("bob@example.com")
    token = service.pair()["access_token"]
    free, taken = ask(service, token), ask(service, token, "BOB@example.com")
    assert (taken.status_code, taken.data) == (free.status_code, free.data)
    kinds = sorted((mail.kind, mail.recipient) for mail in service.mail())
    assert kinds == [
        ("already_registered", "bob@example.com"),
        ("change_email", NEW),
        *[("email_change_requested", EMAIL)] * 2,
    ]


def test_invalid_address_is_rejected_by_name(service: ServiceUnderTest) -> None:
    service.add()
    refused = ask(service, service.pair()["access_token"], "nobody")
    assert (refused.status_code, refused.get_json()["field"]) == (422, "email")


def test_address_taken_before_confirmation_stays_with_its_owner(service: ServiceUnderTest) -> None:
    service.add()
    ask(service, service.pair()["access_token"])
    code = service.code()
    bob = service.add(NEW)
    assert confirm(service, code) == 400
    assert service.user(NEW) == bob
    assert service.user() is not None


def test_mailbox_of_a_new_address_is_rate_limited(service: ServiceUnderTest) -> None:
    service.add()
    token = service.pair()["access_token"]
    assert [ask(service, token).status_code for _ in range(4)] == [202] * 3 + [429]
    assert [mail.recipient for mail in service.mail()].count(NEW) == 3


@pytest.mark.parametrize("public_url", [None, "https://login.example.com/account"])
def test_request_headers_do_not_change_links(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, public_url: str | None
) -> None:
    with service_under_test(sqlite_url, monkeypatch, public_url=public_url) as service:
        headers = {
            "Host": "evil.example.net",
            "X-Forwarded-Host": "evil.example.net",
            "X-Forwarded-Proto": "gopher",
            "Forwarded": "host=evil.example.net",
            "Origin": "https://evil.example.net",
            "Referer": "https://evil.example.net/",
        }
        service.add("bob@example.com")
        body = {"email": EMAIL, "password": GOOD}
        service.client.post("/register", json=body, headers=headers)
        for email in (EMAIL, "bob@example.com"):
            service.client.post("/password/forgot", json={"email": email}, headers=headers)
        service.client.post("/email/verify/resend", json={"email": EMAIL}, headers=headers)
        mails = service.mail()
        assert len(mails) == 4
        for mail in mails:
            text = mail.body.subject + mail.body.text + mail.body.html
            assert "evil" not in text
            assert "gopher" not in text
            assert (str(public_url) in text) == (public_url is not None)


def test_account_cannot_send_mail_to_unlimited_addresses(service: ServiceUnderTest) -> None:
    service.add()
    token = service.pair()["access_token"]
    responses = [ask(service, token, f"stranger{n}@example.com").status_code for n in range(5)]
    assert responses == [202, 202, 202, 429, 429]
    kinds = [mail.kind for mail in service.mail()]
    assert sorted(kinds) == ["change_email"] * 3 + ["email_change_requested"] * 3
