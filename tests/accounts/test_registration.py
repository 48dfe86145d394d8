from collections.abc import Callable

import pytest

from flask_watchword.accounts.credentials import WrongPassword
from flask_watchword.accounts.emails import InvalidEmail
from flask_watchword.accounts.one_time_codes import InvalidCode
from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.service.features.email_verification.flow import resend_code, verify_email
from flask_watchword.service.features.registration.flow import register
from tests.accounts.desk import BETTER, GOOD, NOW, Desk

DAY = 24 * 60 * 60.0


def test_registration_creates_a_user_and_mails_a_code(desk: Desk) -> None:
    register(desk.accounts, " Ada@Example.com ", GOOD)
    user = desk.user("ada@example.com")
    assert desk.audited == [("registered", user.id)]
    assert (user.email, user.created_at, user.email_verified_at) == ("Ada@Example.com", NOW, None)
    assert desk.can_log_in("ada@example.com", GOOD)
    letter = desk.mailbox.last
    assert (letter.kind, letter.recipient) == ("verify_email", "Ada@Example.com")
    assert letter.expires_at == NOW + DAY


def test_mail_goes_to_the_plain_form_of_a_full_width_address(desk: Desk) -> None:
    register(desk.accounts, "\uff41da\uff20example.com", GOOD)
    assert desk.mailbox.last.recipient == "ada@example.com"
    assert desk.user("ada@example.com").email == "\uff41da\uff20example.com"


def disable(desk: Desk) -> None:
    desk.users.disable(desk.user("ada@example.com").id, NOW)


@pytest.mark.parametrize("happens", [lambda desk: None, disable], ids=["known", "disabled"])
def test_known_address_costs_and_returns_the_same_as_a_new_one(
    desk: Desk, happens: Callable[[Desk], None]
) -> None:
    desk.add("ada@example.com")
    happens(desk)
    before = desk.user("ada@example.com")
    register(desk.accounts, "ADA@example.com", BETTER)
    hashes_of_known, letters_of_known = desk.passwords.hashes, len(desk.mailbox.work)
    register(desk.accounts, "eve@example.com", BETTER)
    assert desk.audited == [
        ("registered_again", ""),
        ("registered", desk.user("eve@example.com").id),
    ]
    assert hashes_of_known == desk.passwords.hashes - hashes_of_known == 1
    assert letters_of_known == len(desk.mailbox.work) - letters_of_known == 1
    assert desk.user("ada@example.com") == before


def test_owner_of_a_known_address_is_told_that_the_account_exists(desk: Desk) -> None:
    desk.add("Ada@example.com")
    register(desk.accounts, "ADA@example.com", BETTER)
    letter = desk.mailbox.last
    assert (letter.kind, letter.recipient) == (
        "already_registered",
        "Ada@example.com",
    )
    assert letter.code is None


def test_disabled_owner_gets_no_mail(desk: Desk) -> None:
    desk.add("ada@example.com")
    disable(desk)
    register(desk.accounts, "ada@example.com", BETTER)
    assert desk.mailbox.work == [None]


def test_rejected_registration_costs_no_hash_and_stores_nothing(desk: Desk) -> None:
    with pytest.raises(InvalidEmail):
        register(desk.accounts, "nobody", GOOD)
    for password in ("short", "x" * 1025, GOOD + "\0", "ada.lovelace@example.com", "watchword" * 2):
        with pytest.raises(UnacceptablePassword):
            register(desk.accounts, "ada.lovelace@example.com", password)
    assert (desk.passwords.hashes, desk.mailbox.work, list(desk.users.page())) == (0, [], [])


def test_code_verifies_the_address_once(desk: Desk) -> None:
    register(desk.accounts, "ada@example.com", GOOD)
    desk.now += 60
    user = desk.user("ada@example.com")
    assert verify_email(desk.accounts, desk.mailbox.code, GOOD) == user.id
    assert desk.audited[-1] == ("email_verified", user.id)
    assert desk.user("ada@example.com").email_verified_at == NOW + 60
    with pytest.raises(InvalidCode):
        verify_email(desk.accounts, desk.mailbox.code, GOOD)


@pytest.mark.parametrize(("seconds", "is_good"), [(DAY - 1, True), (DAY, False), (DAY + 1, False)])
def test_code_is_valid_for_a_day(desk: Desk, seconds: float, is_good: bool) -> None:
    register(desk.accounts, "ada@example.com", GOOD)
    desk.now += seconds
    if is_good:
        verify_email(desk.accounts, desk.mailbox.code, GOOD)
        return
    with pytest.raises(InvalidCode):
        verify_email(desk.accounts, desk.mailbox.code, GOOD)


@pytest.mark.parametrize("code", ["", "guess", "\0", "\ud800", "x" * 100_000])
def test_malformed_code_is_rejected(desk: Desk, code: str) -> None:
    with pytest.raises(InvalidCode):
        verify_email(desk.accounts, code, GOOD)


def test_newer_code_replaces_the_older(desk: Desk) -> None:
    register(desk.accounts, "ada@example.com", GOOD)
    older = desk.mailbox.code
    resend_code(desk.accounts, "ADA@example.com", send_email=True)
    with pytest.raises(InvalidCode):
        verify_email(desk.accounts, older, GOOD)
    verify_email(desk.accounts, desk.mailbox.code, GOOD)


def change_address(desk: Desk) -> None:
    user = desk.user("ada@example.com")
    desk.users.change_email(user.id, "eve@example.com", "eve@example.com", NOW, user.version)


def change_password(desk: Desk) -> None:
    user = desk.user("ada@example.com")
    desk.users.set_password(user.id, "another hash", NOW, user.version)


def disable_and_enable(desk: Desk) -> None:
    disable(desk)
    desk.users.enable(desk.user("ada@example.com").id)


def delete(desk: Desk) -> None:
    desk.users.delete(desk.user("ada@example.com").id)


@pytest.mark.parametrize(
    "happens", [change_address, change_password, disable, disable_and_enable, delete]
)
def test_account_change_invalidates_the_code(desk: Desk, happens: Callable[[Desk], None]) -> None:
    register(desk.accounts, "ada@example.com", GOOD)
    happens(desk)
    with pytest.raises(InvalidCode):
        verify_email(desk.accounts, desk.mailbox.code, GOOD)


def test_resending_a_code_reveals_nothing_about_the_address(desk: Desk) -> None:
    for email in ("new@example.com", "verified@example.com", "disabled@example.com"):
        desk.add(email)
    verified = desk.user("verified@example.com")
    desk.users.verify_email(verified.id, verified.email_key, NOW)
    desk.users.disable(desk.user("disabled@example.com").id, NOW)
    spellings = ["new@example.com", "verified@example.com", "disabled@example.com", "eve@x.org", ""]
    for email in spellings:
        resend_code(desk.accounts, email, send_email=True)
    subjects = [desk.user("new@example.com").id, "", "", "", ""]
    assert desk.audited == [("verification_requested", subject) for subject in subjects]
    assert [letter is not None for letter in desk.mailbox.work] == [True] + 4 * [False]
    assert desk.passwords.hashes == 0


def test_code_alone_verifies_nothing_and_stays_valid(desk: Desk) -> None:
    register(desk.accounts, "ada@example.com", GOOD)
    for guess in (BETTER, "", "\ud800"):
        with pytest.raises(WrongPassword):
            verify_email(desk.accounts, desk.mailbox.code, guess)
    assert desk.user("ada@example.com").email_verified_at is None
    verify_email(desk.accounts, desk.mailbox.code, GOOD)


def test_malformed_code_costs_no_hash(desk: Desk) -> None:
    register(desk.accounts, "ada@example.com", GOOD)
    hashes = desk.passwords.hashes
    with pytest.raises(InvalidCode):
        verify_email(desk.accounts, "guess", GOOD)
    assert desk.passwords.hashes == hashes
