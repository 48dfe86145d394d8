from typing import Any

import pytest

from flask_watchword.clock import system_clock
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.sql.audit import SqlAuditLog
from flask_watchword.service.authentication.reauthentication import reauthenticated_user
from flask_watchword.service.features.api_tokens.http import shared as api_tokens
from tests.service.under_test import (
    BETTER,
    EMAIL,
    GOOD,
    ServiceUnderTest,
    failing,
    headers_without_id,
)


def forgot(service: ServiceUnderTest, email: str = EMAIL) -> Any:
    return service.post("/password/forgot", email=email)


def reset(service: ServiceUnderTest, code: str, password: str = BETTER) -> Any:
    return service.post("/password/reset", code=code, password=password)


def code_for(service: ServiceUnderTest) -> str:
    assert forgot(service).status_code == 202
    return service.code()


def test_all_addresses_get_the_same_response_and_only_active_accounts_get_mail(
    service: ServiceUnderTest,
) -> None:
    service.add()
    disabled = service.add("bob@example.com")
    service.parts.stores.users.disable(disabled.id, 0.0)
    known = forgot(service)
    assert known.status_code == 202
    for email in ("bob@example.com", "eve@example.com", "", "\0", "x" * 320):
        other = forgot(service, email)
        assert (other.status_code, other.data) == (known.status_code, known.data)
        assert headers_without_id(other) == headers_without_id(known)
    assert [mail.recipient for mail in service.mail()] == [EMAIL]


def test_reset_ends_every_session_and_logs_no_one_in(service: ServiceUnderTest) -> None:
    service.add()
    pairs = [service.pair(), service.pair()]
    answer = reset(service, code_for(service))
    assert (answer.status_code, answer.get_json()) == (200, {"api_keys": []})
    assert "Set-Cookie" not in answer.headers
    for pair in pairs:
        assert service.me(pair["access_token"]).get_json()["code"] == "session_ended"
        assert service.post("/refresh", pair["refresh_token"]).status_code == 401
    assert service.log_in(password=GOOD).status_code == 401
    assert service.me(service.pair(password=BETTER)["access_token"]).get_json()["email_verified"]
    assert [mail.kind for mail in service.mail()] == ["password_changed"]
    assert service.events()[-4:] == [
        "password_reset_requested",
        "password_reset",
        "login_failed",
        "login",
    ]


@pytest.mark.parametrize("revoking", [False, True])
def test_reset_lists_the_api_keys_and_revokes_them_on_request(
    service: ServiceUnderTest, revoking: bool
) -> None:
    ada = service.add_verified()
    session = service.pair()["access_token"]
    made = {}
    for path, name in (("/tokens", "nightly"), ("/clients", "<build>")):
        made[path] = service.post(path, session, password=GOOD, name=name).get_json()
    old = service.post("/tokens", session, password=GOOD, name="old").get_json()["made"]["id"]
    assert service.ask("DELETE", f"/tokens/{old}", session).status_code == 204
    credentials = {name: made["/clients"][name] for name in ("client_id", "client_secret")}
    requested = {"grant_type": "client_credentials", **credentials}
    access = service.client.post("/token", data=requested)
    assert access.status_code == 200
    service.mail()

    body = {"code": code_for(service), "password": BETTER}
    answer = service.post(
        "/password/reset", **body, **({"revoke_api_keys": True} if revoking else {})
    )
    keys = {key["name"]: key for key in answer.get_json()["api_keys"]}
    assert keys.keys() == {"nightly", "<build>"}
    assert {key["kind"] for key in keys.values()} == {"personal", "client"}
    assert {key["revoked"] for key in keys.values()} == {revoking}
    assert keys["nightly"]["last_used_at"] is None
    assert keys["<build>"]["last_used_at"] is not None

    (mail,) = service.mail()
    assert ("still work" in mail.body.text, "were revoked" in mail.body.text) == (
        not revoking,
        revoking,
    )
    assert "- nightly, created 20" in mail.body.text
    assert "<build>" in mail.body.text
    assert "&lt;build&gt;" in mail.body.html
    assert "<build>" not in mail.body.html

    assert service.client.post("/token", data=requested).status_code == (401 if revoking else 200)
    log = service.parts.repositories.audit_log
    events = [entry.event for entry in log.newest(10, subject=ada.id)]
    revoked = [one.detail["token"] for one in events if one.event == "machine_token_revoked"]
    assert {*revoked} == {old, *(key["id"] for key in keys.values() if revoking)}


def test_api_key_created_during_a_reset_is_revoked(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request was confirmed with the previous password."""
    ada = service.add_verified()
    session = service.pair()["access_token"]

    def confirmed_too_late(*given: Any) -> Any:
        user = reauthenticated_user(*given)
        service.parts.stores.users.set_password(ada.id, "another hash", 0.0, ada.version)
        return user

    monkeypatch.setattr(api_tokens, "reauthenticated_user", confirmed_too_late)
    refused = service.post("/tokens", session, password=GOOD, name="nightly")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "wrong_password")
    assert service.parts.repositories.api_tokens.of_owner(ada.id) == []


def test_code_is_single_use_for_one_purpose_and_expires(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.add()
    code = code_for(service)
    for path in ("/email/verify", "/email/change/confirm"):
        assert service.post(path, code=code, password=GOOD).get_json()["code"] == "invalid_code"
    assert reset(service, code).status_code == 200
    for bad in (code, "", "x" * 43, "\0", "x" * 128):
        again = reset(service, bad, GOOD)
        assert (again.status_code, again.get_json()["code"]) == (400, "invalid_code")
    service.mail()
    late = code_for(service)
    clock = system_clock() + 901.0
    monkeypatch.setattr("flask_watchword.service.context.system_clock", lambda: clock)
    assert reset(service, late, GOOD).status_code == 400
    assert service.log_in(password=BETTER).status_code == 200


def test_rejected_password_uses_up_neither_the_code_nor_a_session(
    service: ServiceUnderTest,
) -> None:
    service.add()
    token = service.pair()["access_token"]
    code = code_for(service)
    for _ in range(25):  # more attempts than wrong codes are allowed
        refused = reset(service, code, "short")
        assert (refused.status_code, refused.get_json()["field"]) == (422, "password")
    assert service.me(token).status_code == 200
    assert reset(service, code).status_code == 200


def test_invalid_code_ends_no_session_and_guesses_are_rate_limited(
    service: ServiceUnderTest,
) -> None:
    service.add()
    token = service.pair()["access_token"]
    answers = [reset(service, f"{number:043}").status_code for number in range(21)]
    assert answers == [400] * 20 + [429]
    assert service.me(token).status_code == 200


def test_mailbox_receives_three_messages_and_the_code_stays_valid(
    service: ServiceUnderTest,
) -> None:
    service.add()
    known = [forgot(service) for _ in range(3)]
    code = service.mail()[-1].body.text
    fourth = forgot(service)
    assert (fourth.status_code, fourth.data) == (202, known[0].data)
    assert service.mail() == []
    (line,) = [line for line in code.splitlines() if len(line) == 43]
    assert reset(service, line).status_code == 200


def test_other_requests_for_the_address_leave_the_reset_limit_unused(
    service: ServiceUnderTest,
) -> None:
    service.add_verified()
    for _ in range(4):
        # The first sends no mail to a verified address, the second sends mail without a code.
        assert service.post("/email/verify/resend", email=EMAIL).status_code == 202
        assert service.post("/register", email=EMAIL, password=BETTER).status_code == 201
    assert [mail.kind for mail in service.mail()] == ["already_registered"] * 3
    assert forgot(service).status_code == 202
    assert reset(service, service.code()).status_code == 200


def test_client_address_may_request_twenty_messages(service: ServiceUnderTest) -> None:
    answers = [forgot(service, f"user{number}@example.com") for number in range(21)]
    assert [answer.status_code for answer in answers] == [202] * 20 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_password_is_unchanged_when_sessions_cannot_be_ended(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.add()
    code = code_for(service)
    sessions = service.parts.stores.sessions
    with monkeypatch.context() as down:
        down.setattr(sessions, "end_all", failing(StoreUnavailable("down")))
        answer = reset(service, code)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "store_unavailable")
    assert service.log_in(password=GOOD).status_code == 200
    assert reset(service, code).status_code == 200


def test_session_created_during_the_password_change_ends_too(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.add()
    code = code_for(service)
    late: list[dict[str, Any]] = []

    database = service.parts.stores.accounts
    run = database.run

    def run_later(work: Any) -> Any:
        monkeypatch.setattr(database, "run", run)
        late.append(service.pair())
        return run(work)

    # The old password is valid until the commit, and sessions were ended before it.
    monkeypatch.setattr(database, "run", run_later)
    assert reset(service, code).status_code == 200
    assert len(late) == 1
    assert service.me(late[0]["access_token"]).status_code == 401


def test_failure_of_the_last_step_rolls_everything_back(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.add()
    code = code_for(service)
    before = service.user()
    with monkeypatch.context() as down:
        down.setattr(SqlAuditLog, "append", failing(StoreUnavailable("down")))
        answers = [
            reset(service, code),
            forgot(service),
            service.post("/register", email="eve@example.com", password=GOOD),
            service.log_in(),
        ]
    assert [answer.status_code for answer in answers] == [503] * 4
    assert all(answer.headers["Retry-After"] for answer in answers)
    assert service.user() == before
    assert service.user("eve@example.com") is None
    assert service.mail() == []
    assert before is not None
    assert service.parts.stores.sessions.of_subject(before.id, system_clock()) == []
    assert reset(service, code).status_code == 200


def test_password_is_hashed_before_the_transaction_begins(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    passwords, unit = service.parts.passwords, service.parts.stores.accounts

    def noting(name: str, call: Any) -> Any:
        def noted(*args: Any) -> Any:
            order.append(name)
            return call(*args)

        return noted

    service.add()
    code = code_for(service)
    monkeypatch.setattr(passwords, "hash", noting("hash", passwords.hash))
    monkeypatch.setattr(unit, "run", noting("change", unit.run))
    assert reset(service, code).status_code == 200
    assert service.post("/register", email="eve@example.com", password=GOOD).status_code == 201
    assert order == ["hash", "change"] * 2
