"""A code never invalidates a code of another purpose, and is not accepted in its place."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flask_watchword.clock import system_clock
from flask_watchword.service.features.bootstrap_admin.flow import offer_setup
from tests.service.site import BETTER, EMAIL, GOOD, Site, site

BOSS = "boss@example.com"
NEW = "lovelace@example.org"


@pytest.fixture
def ours(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    # Differences between databases are covered by the store contracts.
    with site(sqlite_url, monkeypatch) as found:
        yield found


@pytest.fixture
def admin(ours: Site) -> str:
    """An access token of an admin."""
    boss = ours.add(BOSS)
    ours.parts.stores.users.set_roles(boss.id, frozenset({"admin"}))
    return str(ours.pair(BOSS)["access_token"])


def invite(ours: Site, admin: str) -> str:
    assert ours.post("/admin/users", admin, email=EMAIL).status_code == 201
    return ours.code()


def forgot(ours: Site) -> None:
    assert ours.post("/password/forgot", email=EMAIL).status_code == 202


def resend(ours: Site) -> None:
    assert ours.post("/email/verify/resend", email=EMAIL).status_code == 202


def register(ours: Site) -> None:
    assert ours.post("/register", email=EMAIL, password=BETTER).status_code == 201


def admin_reset(ours: Site, admin: str) -> None:
    user = ours.user()
    assert user is not None
    assert ours.post(f"/admin/users/{user.id}/password-reset", admin).status_code == 202


def change_email(ours: Site) -> None:
    token = ours.pair()["access_token"]
    answer = ours.post("/email/change", token, email=NEW, password=GOOD)
    assert answer.status_code == 202


def reset(ours: Site, code: str) -> int:
    return ours.post("/password/reset", code=code, password=BETTER).status_code


STRANGER = [forgot, resend, register]


@pytest.mark.parametrize("ask", STRANGER)
def test_public_request_does_not_invalidate_an_invitation(
    ours: Site, admin: str, ask: Callable[[Site], None]
) -> None:
    code = invite(ours, admin)
    for _ in range(5):  # more requests than the mailbox limit
        ask(ours)
    assert reset(ours, code) == 200
    assert ours.log_in(password=BETTER).status_code == 200


@pytest.mark.parametrize("ask", STRANGER)
def test_public_request_does_not_invalidate_a_reset_sent_by_an_admin(
    ours: Site, admin: str, ask: Callable[[Site], None]
) -> None:
    ours.add()
    admin_reset(ours, admin)
    code = ours.code()
    for _ in range(5):
        ask(ours)
    assert reset(ours, code) == 200


def test_reset_by_an_admin_invalidates_neither_an_invitation_nor_a_requested_reset(
    ours: Site, admin: str
) -> None:
    invitation = invite(ours, admin)
    admin_reset(ours, admin)
    assert reset(ours, invitation) == 200
    ours.mail()
    forgot(ours)
    requested = ours.code()
    admin_reset(ours, admin)
    assert reset(ours, requested) == 200


def test_email_code_and_password_code_do_not_invalidate_each_other(ours: Site, admin: str) -> None:
    ours.post("/register", email=EMAIL, password=GOOD)
    verification = ours.code()
    forgot(ours)
    change_email(ours)
    admin_reset(ours, admin)
    change = next(mail for mail in ours.mail() if mail.kind == "change_email")
    assert ours.post("/email/verify", code=verification, password=GOOD).status_code == 204
    (code,) = (line for line in change.body.text.splitlines() if len(line) == 43)
    assert ours.post("/email/change/confirm", code=code, password=GOOD).status_code == 204


def test_setting_the_password_with_one_code_invalidates_all_others(ours: Site, admin: str) -> None:
    invitation = invite(ours, admin)
    forgot(ours)
    requested = ours.code()
    assert reset(ours, requested) == 200
    assert reset(ours, invitation) == 400


def _setup_code(ours: Site, _admin: str) -> str:
    boss = ours.user(BOSS)
    assert boss is not None
    ours.parts.stores.users.set_roles(boss.id, frozenset())
    code = ours.parts.stores.accounts.run(lambda stores: offer_setup(stores, system_clock()))
    assert code is not None
    return code


def _mailed(ask: Callable[..., None], *args: Any) -> Callable[[Site, str], str]:
    def code(ours: Site, admin: str) -> str:
        ours.add()
        ask(ours, *([admin] if ask is admin_reset else []))
        return ours.code()

    return code


CODES: dict[str, Callable[[Site, str], str]] = {
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
def test_code_is_accepted_only_for_its_purpose(ours: Site, admin: str, kind: str) -> None:
    code = CODES[kind](ours, admin)
    accepted = set()
    # The endpoint that accepts it comes last, because it uses the code up.
    for path in sorted(USES, key=lambda path: kind in USES[path]):
        body = {"code": code, "password": GOOD}
        if path == "/setup":
            body["email"] = "first@example.com"
        answer = ours.post(path, **body)
        if answer.status_code < 300:
            accepted.add(path)
        else:
            assert answer.get_json()["code"] == "invalid_code"
    assert accepted == {path for path, kinds in USES.items() if kind in kinds}
