from collections.abc import Callable

import pytest

from flask_watchword.accounts.one_time_codes import InvalidCode, OneTimeCode
from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.service.features.email_verification.flow import verify_email
from flask_watchword.service.features.password_reset.flow import request_reset, reset_password
from tests.accounts.desk import BETTER, GOOD, NOW, Desk
from tests.accounts.test_registration import (
    change_address,
    change_password,
    delete,
    disable,
    disable_and_enable,
)
from tests.memory_stores.codes import MemoryCodeStore

MINUTE = 60.0


def asked(desk: Desk) -> str:
    desk.add("ada@example.com")
    request_reset(desk.accounts, " ADA@example.com", send_email=True)
    return desk.mailbox.code


def test_a_lost_password_is_replaced_by_a_code_in_the_mail(desk: Desk) -> None:
    code = asked(desk)
    letter = desk.mailbox.last
    assert (letter.kind, letter.recipient) == ("reset_password", "ada@example.com")
    assert letter.expires_at == NOW + 15 * MINUTE
    desk.now += 60
    owner, api_keys = reset_password(desk.accounts, code, BETTER)
    user = desk.user("ada@example.com")
    assert desk.can_log_in("ada@example.com", BETTER)
    assert not desk.can_log_in("ada@example.com", GOOD)
    assert (user.password_changed_at, user.email_verified_at) == (NOW + 60, NOW + 60)
    assert (owner.id, list(api_keys)) == (user.id, [])
    assert desk.ended == [(user.id, False)]
    assert desk.audited[-1] == ("password_reset", user.id)


def test_the_owner_is_told_that_the_password_was_changed(desk: Desk) -> None:
    reset_password(desk.accounts, asked(desk), BETTER)
    assert desk.mailbox.last.kind == "password_changed"
    assert desk.mailbox.last.recipient == "ada@example.com"


class NotingCodes(MemoryCodeStore):
    """Notes every code that is put."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[OneTimeCode] = []

    def put(self, code: OneTimeCode) -> None:
        self.noted.append(code)
        super().put(code)


def test_known_unknown_and_disabled_cost_the_same_and_come_to_the_same() -> None:
    codes = NotingCodes()
    desk = Desk(codes=codes)
    desk.add("ada@example.com")
    desk.add("off@example.com")
    desk.users.disable(desk.user("off@example.com").id, NOW)
    emails = ["ada@example.com", "eve@example.com", "off@example.com", "", "\ud800"]
    for email in emails:
        request_reset(desk.accounts, email, send_email=True)
    subjects = [desk.user("ada@example.com").id, "", "", "", ""]
    assert desk.audited == [("password_reset_requested", subject) for subject in subjects]
    assert len(codes.noted) == len(desk.mailbox.work) == len(emails)
    assert desk.passwords.hashes == 0
    assert [letter is not None for letter in desk.mailbox.work] == [True] + 4 * [False]


def test_however_many_unknown_addresses_are_tried_few_codes_are_kept(desk: Desk) -> None:
    for n in range(2000):
        request_reset(desk.accounts, f"nobody{n}@example.com", send_email=True)
    assert desk.codes.purge(NOW + 16 * MINUTE, 10_000) <= 256


def test_nobody_s_code_keeps_nothing_of_the_address() -> None:
    codes = NotingCodes()
    request_reset(Desk(codes=codes).accounts, "secret@example.com", send_email=True)
    assert [code.address for code in codes.noted] == [""]
    assert "secret" not in repr(codes.noted)


def test_a_code_resets_once(desk: Desk) -> None:
    code = asked(desk)
    reset_password(desk.accounts, code, BETTER)
    with pytest.raises(InvalidCode):
        reset_password(desk.accounts, code, GOOD)
    assert desk.can_log_in("ada@example.com", BETTER)


@pytest.mark.parametrize(
    ("seconds", "is_good"),
    [(15 * MINUTE - 1, True), (15 * MINUTE, False), (15 * MINUTE + 1, False)],
)
def test_a_code_is_good_for_a_quarter_of_an_hour(desk: Desk, seconds: float, is_good: bool) -> None:
    code = asked(desk)
    desk.now += seconds
    if is_good:
        reset_password(desk.accounts, code, BETTER)
        return
    with pytest.raises(InvalidCode):
        reset_password(desk.accounts, code, BETTER)
    assert desk.can_log_in("ada@example.com", GOOD)


def test_a_code_is_good_for_its_purpose_alone(desk: Desk) -> None:
    code = asked(desk)
    with pytest.raises(InvalidCode):
        verify_email(desk.accounts, code, GOOD)
    reset_password(desk.accounts, code, BETTER)


@pytest.mark.parametrize(
    "happens", [change_address, change_password, disable, disable_and_enable, delete]
)
def test_a_code_dies_with_what_it_was_made_for(desk: Desk, happens: Callable[[Desk], None]) -> None:
    code = asked(desk)
    happens(desk)
    with pytest.raises(InvalidCode):
        reset_password(desk.accounts, code, BETTER)


def test_a_password_that_is_refused_costs_neither_the_code_nor_a_hash(desk: Desk) -> None:
    code = asked(desk)
    for password in ("short", "ada@example.com ada@example.com", GOOD + "\0"):
        with pytest.raises(UnacceptablePassword):
            reset_password(desk.accounts, code, password)
    assert desk.passwords.hashes == 0
    reset_password(desk.accounts, code, BETTER)


def test_a_wrong_code_costs_the_hash_of_a_right_one(desk: Desk) -> None:
    code = asked(desk)
    with pytest.raises(InvalidCode):
        reset_password(desk.accounts, "guess", BETTER)
    assert desk.passwords.hashes == 1
    reset_password(desk.accounts, code, BETTER)
    assert desk.passwords.hashes == 2


def test_beside_a_second_factor_a_shorter_password_will_do(desk: Desk) -> None:
    code = asked(desk)
    with pytest.raises(UnacceptablePassword):
        reset_password(desk.accounts, code, "kd83hF9s")
    desk.two_factors.add(desk.user("ada@example.com").id)
    reset_password(desk.accounts, code, "kd83hF9s")


def test_a_password_changed_while_the_new_one_is_hashed_stays(desk: Desk) -> None:
    code = asked(desk)
    set_password = desk.users.set_password

    def changed_meanwhile(user_id: str, password_hash: str, now: float, version: int) -> bool:
        assert set_password(user_id, "changed meanwhile", now, version)
        return set_password(user_id, password_hash, now, version)

    desk.users.set_password = changed_meanwhile  # type: ignore[method-assign]
    with pytest.raises(InvalidCode):
        reset_password(desk.accounts, code, BETTER)
    assert desk.user("ada@example.com").password_hash == "changed meanwhile"
