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
from tests.service.under_test import (
    BETTER,
    EMAIL,
    GOOD,
    ServiceUnderTest,
    failing,
    headers_without_id,
    service_under_test,
)


def at(
    service: ServiceUnderTest,
    address: str,
    email: str = EMAIL,
    password: str = GOOD,
    **headers: str,
) -> Any:
    body = {"email": email, "password": password}
    where = {"REMOTE_ADDR": address}
    return service.client.post("/login", json=body, headers=headers, environ_base=where)


def test_unknown_wrong_and_disabled_get_the_same_response(service: ServiceUnderTest) -> None:
    service.add()
    bob = service.add("bob@example.com")
    service.parts.stores.users.disable(bob.id, system_clock())
    wrong = service.log_in(password="wrong")
    unknown, disabled = service.log_in("eve@example.com"), service.log_in("bob@example.com")
    assert wrong.status_code == 401
    for other in (unknown, disabled):
        assert (other.status_code, other.data) == (401, wrong.data)
        assert headers_without_id(other) == headers_without_id(wrong)
    assert service.events() == ["login_failed"] * 3


def test_guesses_are_rate_limited_without_affecting_the_owner_elsewhere(
    service: ServiceUnderTest,
) -> None:
    service.add()
    guesses = [at(service, "192.0.2.1", password=f"guess {n}") for n in range(11)]
    assert [guess.status_code for guess in guesses] == [401] * 10 + [429]
    assert guesses[-1].get_json()["code"] == "too_many_tries"
    assert 0 < int(guesses[-1].headers["Retry-After"]) <= 60
    # The right password is not checked either: the response would reveal it.
    assert at(service, "192.0.2.1").status_code == 429
    assert at(service, "198.51.100.7").status_code == 200


def test_unknown_address_is_rate_limited_like_a_known_one(service: ServiceUnderTest) -> None:
    guesses = [at(service, "192.0.2.1", "eve@example.com", f"guess {n}") for n in range(11)]
    assert [guess.status_code for guess in guesses] == [401] * 10 + [429]


def test_successful_logins_are_not_rate_limited(service: ServiceUnderTest) -> None:
    service.add()
    assert [service.log_in().status_code for _ in range(15)] == [200] * 15


def test_attempt_rejected_for_hashing_overload_does_not_count(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.add()
    with monkeypatch.context() as busy:
        busy.setattr(service.parts.passwords, "verify", failing(HasherOverloaded()))
        answers = [service.log_in() for _ in range(12)]
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.get_json()["code"] for answer in answers} == {"login_busy"}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert service.log_in().status_code == 200


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
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch, kind: type, what: str
) -> None:
    service.add()
    with monkeypatch.context() as outage:
        outage.setattr(kind, what, _DOWN)
        answers = [service.log_in() for _ in range(12)]
    assert {answer.get_json()["code"] for answer in answers} == {"store_unavailable"}
    # Nor is one refunded twice: exactly ten wrong passwords are checked.
    guesses = [service.log_in(password=f"guess {n}").status_code for n in range(11)]
    assert guesses == [401] * 10 + [429]


def test_wrong_password_counts_although_it_cannot_be_recorded(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.add()
    monkeypatch.setattr(SqlAuditLog, "append", _DOWN)
    guesses = [service.log_in(password=f"guess {n}").status_code for n in range(11)]
    assert guesses == [503] * 10 + [429]


@pytest.mark.parametrize("path", ["/password/forgot", "/email/verify/resend"])
def test_mail_request_interrupted_by_a_store_outage_does_not_count(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    with monkeypatch.context() as outage:
        outage.setattr(service.parts.stores.accounts, "run", _DOWN)
        answers = {service.post(path, email=EMAIL).status_code for _ in range(40)}
    assert answers == {503}
    assert service.post(path, email=EMAIL).status_code == 202


ConcurrentChange = Callable[[ServiceUnderTest, User], object]
CONCURRENT_CHANGES: dict[str, ConcurrentChange] = {
    "disabled": lambda service, ada: service.parts.stores.users.disable(ada.id, system_clock()),
    "password": lambda service, ada: service.parts.stores.users.set_password(
        ada.id, "another hash", system_clock(), ada.version
    ),
    "deleted": lambda service, ada: service.parts.stores.users.delete(ada.id),
    "a role taken": lambda service, ada: service.parts.stores.users.set_roles(ada.id, frozenset()),
    "a scope taken": lambda service, ada: service.parts.stores.users.set_scopes(
        ada.id, frozenset()
    ),
}


def before_the_session(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Change something when the factors of a login are verified and its session is not stored."""
    prepare = starting.prepare_session

    def prepared(*args: Any) -> Any:
        change()
        return prepare(*args)

    monkeypatch.setattr(session_start, "prepare_session", prepared)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("meanwhile", CONCURRENT_CHANGES.values(), ids=CONCURRENT_CHANGES)
def test_account_changed_during_login_gets_no_session(
    service: ServiceUnderTest,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: ConcurrentChange,
    together: bool,
) -> None:
    ada = service.add()
    if not together:  # as if the sessions were in another store
        object.__setattr__(service.parts.stores, "shared", None)
    service.parts.stores.users.set_roles(ada.id, frozenset({"manager"}))
    service.parts.stores.users.set_scopes(ada.id, frozenset({"orders:write"}))
    # All sessions have just been ended, and this one is created now.
    before_the_session(monkeypatch, lambda: meanwhile(service, ada))
    answer = service.log_in()
    assert (answer.status_code, answer.get_json()["code"]) == (401, "invalid_credentials")
    assert service.parts.stores.sessions.of_subject(ada.id, system_clock()) == []


def test_role_granted_during_login_does_not_reject_it(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = service.add()
    roles = frozenset({"manager"})
    before_the_session(monkeypatch, lambda: service.parts.stores.users.set_roles(ada.id, roles))
    assert service.log_in().status_code == 200


def test_refresh_of_a_disabled_user_is_rejected_and_ends_the_session(
    service: ServiceUnderTest,
) -> None:
    ada = service.add()
    pair = service.pair()
    service.parts.stores.users.disable(ada.id, system_clock())
    assert service.me(pair["access_token"]).get_json()["code"] == "user_disabled"
    refused = service.post("/refresh", pair["refresh_token"])
    assert (refused.status_code, refused.get_json()["code"]) == (401, "user_disabled")
    assert service.me(pair["access_token"]).get_json()["code"] == "session_ended"


def test_every_step_of_a_session_is_in_the_audit_log(service: ServiceUnderTest) -> None:
    ada = service.add()
    agent = {"User-Agent": "tests/1\x7f\u2028 é".encode().decode("latin-1")}
    pair = at(service, "192.0.2.1", **agent).get_json()
    other = service.pair()
    service.post("/logout", other["access_token"])
    service.post("/logout", other["access_token"])  # is rejected, and is not a logout
    new = service.post("/refresh", pair["refresh_token"]).get_json()
    third = service.post("/refresh", new["refresh_token"]).get_json()
    assert service.post("/refresh", pair["refresh_token"]).status_code == 401
    assert service.me(third["access_token"]).status_code == 401
    log = service.parts.repositories.audit_log
    entries = [entry.event for entry in log.after(0, 100)]
    assert [entry.event for entry in entries] == ["login", "login", "logout", "refresh_reused"]
    assert {entry.subject for entry in entries} == {ada.id}
    assert entries[0].session == entries[3].session != entries[1].session == entries[2].session
    assert entries[0].address == "192.0.2.1"
    assert entries[0].agent.startswith("tests/1")
    assert verify(log).is_intact


def test_unknown_address_is_not_in_the_audit_log(service: ServiceUnderTest) -> None:
    service.log_in("my password by mistake", "x")
    (entry,) = service.parts.repositories.audit_log.after(0, 10)
    assert "mistake" not in repr(entry)
    assert entry.event.subject == ""


def test_forwarding_header_counts_only_behind_a_trusted_proxy(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9, 203.0.113.10"}
    for trusted, expected in ((0, "192.0.2.1"), (1, "203.0.113.10"), (2, "203.0.113.9")):
        file = tmp_path / f"{trusted}.db"
        file.write_bytes(sqlite_template.read_bytes())
        with service_under_test(
            f"sqlite:///{file}", monkeypatch, trusted_proxies=trusted
        ) as service:
            service.add()
            pair = at(service, "192.0.2.1", **forged).get_json()
            (entry,) = service.parts.repositories.audit_log.after(0, 10)
            assert entry.event.address == expected
            headers = {"Authorization": f"Bearer {pair['access_token']}"}
            (session,) = service.client.get("/sessions", headers=headers).get_json()["sessions"]
            assert session["address"] == expected


def test_reset_refunds_the_attempts_from_the_owners_address(service: ServiceUnderTest) -> None:
    service.add()
    for number in range(11):
        at(service, "127.0.0.1", password=f"guess {number}")
    assert at(service, "127.0.0.1").status_code == 429
    service.post("/password/forgot", email=EMAIL)
    assert service.post("/password/reset", code=service.code(), password=BETTER).status_code == 200
    assert at(service, "127.0.0.1", password=BETTER).status_code == 200


def test_password_rehashed_at_login_still_logs_in(service: ServiceUnderTest) -> None:
    ada = service.add()
    users = service.parts.stores.users
    assert isinstance(users, SqlUserStore)
    scrypt = "scrypt:1024:8:1$c2FsdA$" + _scrypt(GOOD)
    assert users.replace_password_hash(ada.id, ada.password_hash, scrypt)
    assert service.log_in().status_code == 200
    renewed = service.user()
    assert renewed is not None
    assert renewed.password_hash.startswith("$argon2id$")


def _scrypt(password: str) -> str:
    return hashlib.scrypt(password.encode(), salt=b"c2FsdA", n=1024, r=8, p=1).hex()
