from collections.abc import Callable
from contextlib import nullcontext

import pytest

from flask_watchword.accounts.credentials import WrongPassword, confirm_password
from flask_watchword.accounts.emails import InvalidEmail
from flask_watchword.accounts.one_time_codes import InvalidCode
from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.accounts.users import User
from flask_watchword.service.features.email_change.flow import (
    confirm_email_change,
    request_email_change,
)
from flask_watchword.service.features.password_change.flow import change_password
from flask_watchword.service.features.password_reset.flow import request_reset, reset_password
from tests.accounts.desk import BETTER, GOOD, NOW, Desk


def request_change(desk: Desk, user_id: str, password: str, email: str) -> None:
    request_email_change(desk.accounts, user_id, password, email, confirmation=nullcontext())


def change(desk: Desk, user_id: str, current: str, new: str) -> None:
    change_password(desk.accounts, user_id, current, new, confirmation=nullcontext())


@pytest.fixture
def ada(desk: Desk) -> User:
    return desk.add("Ada@example.com")


def test_password_is_changed_with_the_current_password(desk: Desk, ada: User) -> None:
    change(desk, ada.id, GOOD, BETTER)
    assert desk.ended == [(ada.id, True)]
    assert desk.audited == [("password_changed", ada.id)]
    assert desk.can_log_in("ada@example.com", BETTER)
    assert desk.user("ada@example.com").password_changed_at == NOW
    assert desk.mailbox.last.kind == "password_changed"


CHANGES: list[Callable[[Desk, str, str], object]] = [
    lambda desk, user_id, shown: change(desk, user_id, shown, BETTER),
    lambda desk, user_id, shown: request_change(desk, user_id, shown, "n@b.org"),
    lambda desk, user_id, shown: confirm_password(desk.accounts, user_id, shown),
]


@pytest.mark.parametrize("attempt", CHANGES, ids=["password", "email", "confirmation"])
def test_without_the_current_password_nothing_changes(
    desk: Desk, ada: User, attempt: Callable[[Desk, str, str], object]
) -> None:
    for user_id, shown in ((ada.id, "wrong"), (ada.id, ""), ("nobody", GOOD)):
        with pytest.raises(WrongPassword):
            attempt(desk, user_id, shown)
    desk.users.disable(ada.id, NOW)
    before = desk.user("ada@example.com")
    with pytest.raises(WrongPassword):
        attempt(desk, ada.id, GOOD)
    assert desk.user("ada@example.com") == before
    assert (desk.mailbox.work, desk.ended, desk.audited) == ([], [], [])
    assert desk.passwords.hashes == 4


@pytest.mark.parametrize("password", ["short", "ada@example.com 12", "x" * 1025, GOOD + "\0"])
def test_new_password_must_meet_the_policy(desk: Desk, ada: User, password: str) -> None:
    with pytest.raises(UnacceptablePassword):
        change(desk, ada.id, GOOD, password)
    assert desk.can_log_in("ada@example.com", GOOD)


def test_one_of_two_changes_from_one_password_succeeds(desk: Desk, ada: User) -> None:
    set_password = desk.users.set_password

    def changed_concurrently(user_id: str, password_hash: str, now: float, version: int) -> bool:
        assert set_password(user_id, "changed meanwhile", now, version)
        return set_password(user_id, password_hash, now, version)

    desk.users.set_password = changed_concurrently  # type: ignore[method-assign]
    with pytest.raises(WrongPassword):
        change(desk, ada.id, GOOD, BETTER)
    assert desk.user("ada@example.com").password_hash == "changed meanwhile"


def test_changing_the_password_invalidates_a_pending_reset(desk: Desk, ada: User) -> None:
    request_reset(desk.accounts, "ada@example.com", send_email=True)
    code = desk.mailbox.code
    change(desk, ada.id, GOOD, BETTER)
    with pytest.raises(InvalidCode):
        reset_password(desk.accounts, code, GOOD)


def test_address_is_changed_with_a_code_mailed_to_the_new_one(desk: Desk, ada: User) -> None:
    request_change(desk, ada.id, GOOD, " New@Example.org ")
    letter = desk.mailbox.last
    assert (letter.kind, letter.recipient) == ("change_email", "New@Example.org")
    assert letter.expires_at == NOW + 3600
    assert desk.user("ada@example.com") == ada
    desk.now += 60
    confirm_email_change(desk.accounts, desk.mailbox.code, GOOD)
    assert desk.audited[-1] == ("email_changed", ada.id)
    changed = desk.user("new@example.org")
    assert (changed.id, changed.email) == (ada.id, "New@Example.org")
    assert changed.email_verified_at == NOW + 60
    assert desk.users.by_email("ada@example.com") is None
    letter = desk.mailbox.last
    assert (letter.kind, letter.recipient) == ("email_changed", "Ada@example.com")


def test_code_mailed_to_the_old_address_is_invalidated_with_it(desk: Desk, ada: User) -> None:
    request_change(desk, ada.id, GOOD, "new@example.org")
    confirmation = desk.mailbox.code
    request_reset(desk.accounts, "ada@example.com", send_email=True)
    code = desk.mailbox.code
    confirm_email_change(desk.accounts, confirmation, GOOD)
    with pytest.raises(InvalidCode):
        reset_password(desk.accounts, code, BETTER)


def test_address_of_another_user_gets_the_same_result_and_only_its_owner_is_notified(
    desk: Desk, ada: User
) -> None:
    request_change(desk, ada.id, GOOD, "free@example.org")
    older = desk.mailbox.code
    desk.add("bob@example.org")
    request_change(desk, ada.id, GOOD, "BOB@example.org")
    assert desk.audited == 2 * [("email_change_requested", ada.id)]
    letter = desk.mailbox.last
    assert (letter.kind, letter.recipient) == (
        "already_registered",
        "bob@example.org",
    )
    assert letter.code is None
    with pytest.raises(InvalidCode):
        confirm_email_change(desk.accounts, older, GOOD)


def test_address_taken_before_confirmation_is_not_assigned(desk: Desk, ada: User) -> None:
    request_change(desk, ada.id, GOOD, "new@example.org")
    bob = desk.add("new@example.org")
    with pytest.raises(InvalidCode):
        confirm_email_change(desk.accounts, desk.mailbox.code, GOOD)
    assert desk.user("new@example.org") == bob
    assert desk.user("ada@example.com") == ada


def test_own_address_may_change_its_spelling(desk: Desk, ada: User) -> None:
    request_change(desk, ada.id, GOOD, "ADA@example.com")
    confirm_email_change(desk.accounts, desk.mailbox.code, GOOD)
    assert desk.user("ada@example.com").email == "ADA@example.com"


def test_invalid_address_is_rejected(desk: Desk, ada: User) -> None:
    with pytest.raises(InvalidEmail):
        request_change(desk, ada.id, GOOD, "nobody")
    assert desk.mailbox.work == []


def test_code_alone_changes_no_address_and_stays_valid(desk: Desk, ada: User) -> None:
    request_change(desk, ada.id, GOOD, "new@example.org")
    with pytest.raises(WrongPassword):
        confirm_email_change(desk.accounts, desk.mailbox.code, BETTER)
    assert desk.user("ada@example.com") == ada
    confirm_email_change(desk.accounts, desk.mailbox.code, GOOD)
    assert desk.audited[-1] == ("email_changed", ada.id)
