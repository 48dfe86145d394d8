"""A code never invalidates a code of another purpose, and is not accepted in its place."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flask_watchword.clock import system_clock
from flask_watchword.service.features.bootstrap_admin.flow import offer_setup
from tests.service.under_test import BETTER, EMAIL, GOOD, ServiceUnderTest, service_under_test

BOSS = "boss@example.com"
NEW = "lovelace@example.org"


@pytest.fixture
def service(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceUnderTest]:
    # Differences between databases are covered by the store contracts.
    with service_under_test(sqlite_url, monkeypatch) as found:
        yield found


@pytest.fixture
def admin(service: ServiceUnderTest) -> str:
    """An access token of an admin."""
    boss = service.add(BOSS)
    service.parts.stores.users.set_roles(boss.id, frozenset({"admin"}))
    return str(service.pair(BOSS)["access_token"])


def invite(service: ServiceUnderTest, admin: str) -> str:
    assert service.post("/admin/users", admin, email=EMAIL).status_code == 201
    return service.code()


def forgot(service: ServiceUnderTest) -> None:
    assert service.post("/password/forgot", email=EMAIL).status_code == 202


def resend(service: ServiceUnderTest) -> None:
    assert service.post("/email/verify/resend", email=EMAIL).status_code == 202


def register(service: ServiceUnderTest) -> None:
    assert service.post("/register", email=EMAIL, password=BETTER).status_code == 201


def admin_reset(service: ServiceUnderTest, admin: str) -> None:
    user = service.user()
    assert user is not None
    assert service.post(f"/admin/users/{user.id}/password-reset", admin).status_code == 202


def change_email(service: ServiceUnderTest) -> None:
    token = service.pair()["access_token"]
    answer = service.post("/email/change", token, email=NEW, password=GOOD)
    assert answer.status_code == 202


def reset(service: ServiceUnderTest, code: str) -> int:
    return service.post("/password/reset", code=code, password=BETTER).status_code


STRANGER = [forgot, resend, register]


@pytest.mark.parametrize("ask", STRANGER)
def test_public_request_does_not_invalidate_an_invitation(
    service: ServiceUnderTest, admin: str, ask: Callable[[ServiceUnderTest], None]
) -> None:
    code = invite(service, admin)
    for _ in range(5):  # more requests than the mailbox limit
        ask(service)
    assert reset(service, code) == 200
    assert service.log_in(password=BETTER).status_code == 200


@pytest.mark.parametrize("ask", STRANGER)
def test_public_request_does_not_invalidate_a_reset_sent_by_an_admin(
    service: ServiceUnderTest, admin: str, ask: Callable[[ServiceUnderTest], None]
) -> None:
    service.add()
    admin_reset(service, admin)
    code = service.code()
    for _ in range(5):
        ask(service)
    assert reset(service, code) == 200


def test_reset_by_an_admin_invalidates_neither_an_invitation_nor_a_requested_reset(
    service: ServiceUnderTest, admin: str
) -> None:
    invitation = invite(service, admin)
    admin_reset(service, admin)
    assert reset(service, invitation) == 200
    service.mail()
    forgot(service)
    requested = service.code()
    admin_reset(service, admin)
    assert reset(service, requested) == 200


def test_email_code_and_password_code_do_not_invalidate_each_other(
    service: ServiceUnderTest, admin: str
) -> None:
    service.post("/register", email=EMAIL, password=GOOD)
    verification = service.code()
    forgot(service)
    change_email(service)
    admin_reset(service, admin)
    change = next(mail for mail in service.mail() if mail.kind == "change_email")
    assert service.post("/email/verify", code=verification, password=GOOD).status_code == 204
    (code,) = (line for line in change.body.text.splitlines() if len(line) == 43)
    assert service.post("/email/change/confirm", code=code, password=GOOD).status_code == 204


def test_setting_the_password_with_one_code_invalidates_all_others(
    service: ServiceUnderTest, admin: str
) -> None:
    invitation = invite(service, admin)
    forgot(service)
    requested = service.code()
    assert reset(service, requested) == 200
    assert reset(service, invitation) == 400


def _setup_code(service: ServiceUnderTest, _admin: str) -> str:
    boss = service.user(BOSS)
    assert boss is not None
    service.parts.stores.users.set_roles(boss.id, frozenset())
    code = service.parts.stores.accounts.run(lambda stores: offer_setup(stores, system_clock()))
    assert code is not None
    return code


def _mailed(ask: Callable[..., None], *args: Any) -> Callable[[ServiceUnderTest, str], str]:
    def code(service: ServiceUnderTest, admin: str) -> str:
        service.add()
        ask(service, *([admin] if ask is admin_reset else []))
        return service.code()

    return code


CODES: dict[str, Callable[[ServiceUnderTest, str], str]] = {
    "invitation": invite,
    "requested reset": _mailed(forgot),
    "admin's reset": _mailed(admin_reset),
    "verification": _mailed(resend),
    "change of address": _mailed(change_email),
    "setup": _setup_code,
}
USES = {
    "/password/reset": {"invitation", "requested reset", "admin's reset"},
    "/email/verify": {"verification"},
    "/email/change/confirm": {"change of address"},
    "/setup": {"setup"},
}


@pytest.mark.parametrize("kind", CODES)
def test_code_is_accepted_only_for_its_purpose(
    service: ServiceUnderTest, admin: str, kind: str
) -> None:
    code = CODES[kind](service, admin)
    accepted = set()
    # The endpoint that accepts it comes last, because it uses the code up.
    for path in sorted(USES, key=lambda path: kind in USES[path]):
        body = {"code": code, "password": GOOD}
        if path == "/setup":
            body["email"] = "first@example.com"
        answer = service.post(path, **body)
        if answer.status_code < 300:
            accepted.add(path)
        else:
            assert answer.get_json()["code"] == "invalid_code"
    assert accepted == {path for path, kinds in USES.items() if kind in kinds}
