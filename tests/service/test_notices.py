"""The owner of an account is notified of each new credential, in the transaction that adds it."""

from collections.abc import Mapping

import pytest

from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.sql.outbox import SqlOutbox
from tests.service.good_requests import ENDPOINTS, GOOD_REQUESTS, send, unthrottled
from tests.service.test_totp import enrolled
from tests.service.under_test import EMAIL, GOOD, ServiceUnderTest, failing

#: The notifications that a successful request of each endpoint sends to the owner, beside messages
#: with codes.
NOTICES: Mapping[str, list[str]] = {
    "make_token": ["api_key_added"],
    "make_client": ["client_added"],
    "confirm_authenticator": ["totp_added"],
    "disable_totp": ["totp_removed"],
    "remove_second_factor": ["totp_removed"],
    "renew_recovery_codes": ["recovery_codes_renewed"],
    "change_email": ["email_change_requested"],
    "confirm_email": ["email_changed"],
    "change_password": ["password_changed"],
    "reset_password": ["password_changed"],
}


@pytest.mark.parametrize("name", NOTICES)
def test_owner_is_notified(service: ServiceUnderTest, name: str) -> None:
    one, request = ENDPOINTS[name], GOOD_REQUESTS[name](unthrottled(service))
    service.mail()
    assert send(service, one, request).status_code == min(one.responses)
    notices = [mail for mail in service.mail() if mail.kind != "change_email"]
    assert [mail.kind for mail in notices] == NOTICES[name]
    for mail in notices:
        assert mail.recipient == EMAIL
        assert EMAIL in mail.body.text
        assert EMAIL in mail.body.html


def test_login_with_a_recovery_code_notifies_the_owner(service: ServiceUnderTest) -> None:
    _, codes, _ = enrolled(service)
    pending = service.log_in().get_json()["pending_token"]
    service.mail()
    used = service.post("/login/totp", pending_token=pending, recovery_code=codes[0])
    assert used.status_code == 200
    (mail,) = service.mail()
    assert (mail.kind, mail.recipient) == ("recovery_code_used", EMAIL)
    assert "Recovery codes left: 9." in mail.body.text
    assert "Recovery codes left: 9." in mail.body.html


@pytest.mark.parametrize("path", ["/tokens", "/clients"])
def test_notification_names_the_key_and_escapes_its_name(
    service: ServiceUnderTest, path: str
) -> None:
    service.add_verified()
    name = "<script>alert(1)</script>"
    made = service.post(path, service.pair()["access_token"], password=GOOD, name=name)
    assert made.status_code == 201
    (mail,) = service.mail()
    assert name in mail.body.text
    assert "<script" not in mail.body.html
    assert "&lt;script&gt;" in mail.body.html
    assert name not in mail.body.subject
    secret = made.get_json().get("token") or made.get_json()["client_secret"]
    assert secret not in mail.body.text + mail.body.html


def test_key_is_not_created_when_its_notification_cannot_be_stored(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.add_verified()
    token = service.pair()["access_token"]
    monkeypatch.setattr(SqlOutbox, "put", failing(StoreUnavailable("it is down")))
    assert service.post("/tokens", token, password=GOOD, name="nightly").status_code == 503
    headers = {"Authorization": f"Bearer {token}"}
    assert service.client.get("/tokens", headers=headers).get_json() == {"tokens": []}
    assert "machine_token_made" not in service.events()
