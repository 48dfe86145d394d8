"""Login: rate limit, audit log, identical responses for all accounts, final account check."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flask_watchword.accounts.audit import verify
from flask_watchword.accounts.passwords import HasherOverloaded
from flask_watchword.accounts.users import User
from flask_watchword.clock import system_clock
from flask_watchword.extension.sessions import starting
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.sql.audit import SqlAuditLog
from flask_watchword.infra.sql.users import SqlUserStore
from flask_watchword.service.authentication import session_start
from flask_watchword.service.features.totp.sql import SqlTotpStore
from tests.service.site import BETTER, EMAIL, GOOD, Site, failing, headers_without_id, site


def at(ours: Site, address: str, email: str = EMAIL, password: str = GOOD, **headers: str) -> Any:
    body = {"email": email, "password": password}
    where = {"REMOTE_ADDR": address}
    return ours.client.post("/login", json=body, headers=headers, environ_base=where)


def test_unknown_wrong_and_disabled_get_the_same_response(ours: Site) -> None:
    ours.add()
    bob = ours.add("bob@example.com")
    ours.parts.stores.users.disable(bob.id, system_clock())
    wrong = ours.log_in(password="wrong")
    unknown, disabled = ours.log_in("eve@example.com"), ours.log_in("bob@example.com")
    assert wrong.status_code == 401
    for other in (unknown, disabled):
        assert (other.status_code, other.data) == (401, wrong.data)
        assert headers_without_id(other) == headers_without_id(wrong)
    assert ours.events() == ["login_failed"] * 3


def test_guesses_are_rate_limited_without_affecting_the_owner_elsewhere(ours: Site) -> None:
    ours.add()
    guesses = [at(ours, "192.0.2.1", password=f"guess {n}") for n in range(11)]
    assert [guess.status_code for guess in guesses] == [401] * 10 + [429]
    assert guesses[-1].get_json()["code"] == "too_many_tries"
    assert 0 < int(guesses[-1].headers["Retry-After"]) <= 60
    # The right password is not checked either: the response would reveal it.
    assert at(ours, "192.0.2.1").status_code == 429
    assert at(ours, "198.51.100.7").status_code == 200


def test_unknown_address_is_rate_limited_like_a_known_one(ours: Site) -> None:
    guesses = [at(ours, "192.0.2.1", "eve@example.com", f"guess {n}") for n in range(11)]
    assert [guess.status_code for guess in guesses] == [401] * 10 + [429]


def test_successful_logins_are_not_rate_limited(ours: Site) -> None:
    ours.add()
    assert [ours.log_in().status_code for _ in range(15)] == [200] * 15


def test_attempt_rejected_for_hashing_overload_does_not_count(
    ours: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours.add()
    with monkeypatch.context() as busy:
        busy.setattr(ours.parts.passwords, "verify", failing(HasherOverloaded()))
        answers = [ours.log_in() for _ in range(12)]
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.get_json()["code"] for answer in answers} == {"login_busy"}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert ours.log_in().status_code == 200


_DOWN = failing(StoreUnavailable("down"))


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (SqlUserStore, "by_email"),
        (SqlUserStore, "by_id"),
        (SqlTotpStore, "has_factor"),
        (SqlAuditLog, "append"),
    ],
)
def test_attempt_interrupted_by_a_store_outage_does_not_count(
    ours: Site, monkeypatch: pytest.MonkeyPatch, kind: type, what: str
) -> None:
    ours.add()
    with monkeypatch.context() as outage:
        outage.setattr(kind, what, _DOWN)
        answers = [ours.log_in() for _ in range(12)]
    assert {answer.get_json()["code"] for answer in answers} == {"store_unavailable"}
    # Nor is one refunded twice: exactly ten wrong passwords are checked.
    guesses = [ours.log_in(password=f"guess {n}").status_code for n in range(11)]
    assert guesses == [401] * 10 + [429]


def test_wrong_password_counts_although_it_cannot_be_recorded(
    ours: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours.add()
    monkeypatch.setattr(SqlAuditLog, "append", _DOWN)
    guesses = [ours.log_in(password=f"guess {n}").status_code for n in range(11)]
    assert guesses == [503] * 10 + [429]


@pytest.mark.parametrize("path", ["/password/forgot", "/email/verify/resend"])
def test_mail_request_interrupted_by_a_store_outage_does_not_count(
    ours: Site, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    with monkeypatch.context() as outage:
        outage.setattr(ours.parts.stores.accounts, "run", _DOWN)
        answers = {ours.post(path, email=EMAIL).status_code for _ in range(40)}
    assert answers == {503}
    assert ours.post(path, email=EMAIL).status_code == 202


Meanwhile = Callable[[Site, User], object]
MEANWHILE: dict[str, Meanwhile] = {
    "disabled": lambda ours, ada: ours.parts.stores.users.disable(ada.id, system_clock()),
    "password": lambda ours, ada: ours.parts.stores.users.set_password(
        ada.id, "another hash", system_clock(), ada.version
    ),
    "deleted": lambda ours, ada: ours.parts.stores.users.delete(ada.id),
    "a role taken": lambda ours, ada: ours.parts.stores.users.set_roles(ada.id, frozenset()),
    "a scope taken": lambda ours, ada: ours.parts.stores.users.set_scopes(ada.id, frozenset()),
}


def before_the_session(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Change something when the factors of a login are verified and its session is not stored."""
    prepare = starting.prepare_session

    def prepared(*args: Any) -> Any:
        change()
        return prepare(*args)

    monkeypatch.setattr(session_start, "prepare_session", prepared)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("meanwhile", MEANWHILE.values(), ids=MEANWHILE)
def test_account_changed_during_login_gets_no_session(
    ours: Site, monkeypatch: pytest.MonkeyPatch, meanwhile: Meanwhile, together: bool
) -> None:
    ada = ours.add()
    if not together:  # as if the sessions were in another store
        object.__setattr__(ours.parts.stores, "shared", None)
    ours.parts.stores.users.set_roles(ada.id, frozenset({"manager"}))
    ours.parts.stores.users.set_scopes(ada.id, frozenset({"orders:write"}))
    # All sessions have just been ended, and this one is created now.
    before_the_session(monkeypatch, lambda: meanwhile(ours, ada))
    answer = ours.log_in()
    assert (answer.status_code, answer.get_json()["code"]) == (401, "invalid_credentials")
    assert ours.parts.stores.sessions.of_subject(ada.id, system_clock()) == []


def test_role_granted_during_login_does_not_reject_it(
    ours: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = ours.add()
    roles = frozenset({"manager"})
    before_the_session(monkeypatch, lambda: ours.parts.stores.users.set_roles(ada.id, roles))
    assert ours.log_in().status_code == 200


def test_refresh_of_a_disabled_user_is_rejected_and_ends_the_session(ours: Site) -> None:
    ada = ours.add()
    pair = ours.pair()
    ours.parts.stores.users.disable(ada.id, system_clock())
    assert ours.me(pair["access_token"]).get_json()["code"] == "user_disabled"
    refused = ours.post("/refresh", pair["refresh_token"])
    assert (refused.status_code, refused.get_json()["code"]) == (401, "user_disabled")
    assert ours.me(pair["access_token"]).get_json()["code"] == "session_ended"


def test_every_step_of_a_session_is_in_the_audit_log(ours: Site) -> None:
    ada = ours.add()
    agent = {"User-Agent": "tests/1\x7f\u2028 é".encode().decode("latin-1")}
    pair = at(ours, "192.0.2.1", **agent).get_json()
    other = ours.pair()
    ours.post("/logout", other["access_token"])
    ours.post("/logout", other["access_token"])  # is rejected, and is not a logout
    new = ours.post("/refresh", pair["refresh_token"]).get_json()
    third = ours.post("/refresh", new["refresh_token"]).get_json()
    assert ours.post("/refresh", pair["refresh_token"]).status_code == 401
    assert ours.me(third["access_token"]).status_code == 401
    log = ours.parts.repositories.audit_log
    entries = [entry.event for entry in log.after(0, 100)]
    assert [entry.event for entry in entries] == ["login", "login", "logout", "refresh_reused"]
    assert {entry.subject for entry in entries} == {ada.id}
    assert entries[0].session == entries[3].session != entries[1].session == entries[2].session
    assert entries[0].address == "192.0.2.1"
    assert entries[0].agent.startswith("tests/1")
    assert verify(log).is_intact


def test_unknown_address_is_not_in_the_audit_log(ours: Site) -> None:
    ours.log_in("my password by mistake", "x")
    (entry,) = ours.parts.repositories.audit_log.after(0, 10)
    assert "mistake" not in repr(entry)
    assert entry.event.subject == ""


def test_forwarding_header_counts_only_behind_a_trusted_proxy(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9, 203.0.113.10"}
    for trusted, expected in ((0, "192.0.2.1"), (1, "203.0.113.10"), (2, "203.0.113.9")):
        file = tmp_path / f"{trusted}.db"
        file.write_bytes(sqlite_template.read_bytes())
        with site(f"sqlite:///{file}", monkeypatch, trusted_proxies=trusted) as ours:
            ours.add()
            pair = at(ours, "192.0.2.1", **forged).get_json()
            (entry,) = ours.parts.repositories.audit_log.after(0, 10)
            assert entry.event.address == expected
            headers = {"Authorization": f"Bearer {pair['access_token']}"}
            (session,) = ours.client.get("/sessions", headers=headers).get_json()["sessions"]
            assert session["address"] == expected


def test_reset_refunds_the_attempts_from_the_owners_address(ours: Site) -> None:
    ours.add()
    for number in range(11):
        at(ours, "127.0.0.1", password=f"guess {number}")
    assert at(ours, "127.0.0.1").status_code == 429
    ours.post("/password/forgot", email=EMAIL)
    assert ours.post("/password/reset", code=ours.code(), password=BETTER).status_code == 200
    assert at(ours, "127.0.0.1", password=BETTER).status_code == 200


def test_password_rehashed_at_login_still_logs_in(ours: Site) -> None:
    ada = ours.add()
    users = ours.parts.stores.users
    assert isinstance(users, SqlUserStore)
    scrypt = "scrypt:1024:8:1$c2FsdA$" + _scrypt(GOOD)
    assert users.replace_password_hash(ada.id, ada.password_hash, scrypt)
    assert ours.log_in().status_code == 200
    renewed = ours.user()
    assert renewed is not None
    assert renewed.password_hash.startswith("$argon2id$")


def _scrypt(password: str) -> str:
    return hashlib.scrypt(password.encode(), salt=b"c2FsdA", n=1024, r=8, p=1).hex()
