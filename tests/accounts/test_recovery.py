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


def requested_code(desk: Desk) -> str:
    desk.add("ada@example.com")
    request_reset(desk.accounts, " ADA@example.com", send_email=True)
    return desk.mailbox.code


def test_lost_password_is_replaced_with_a_mailed_code(desk: Desk) -> None:
    code = requested_code(desk)
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


def test_owner_is_notified_of_the_change(desk: Desk) -> None:
    reset_password(desk.accounts, requested_code(desk), BETTER)
    assert desk.mailbox.last.kind == "password_changed"
    assert desk.mailbox.last.recipient == "ada@example.com"


class RecordingCodes(MemoryCodeStore):
    """Record every stored code."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[OneTimeCode] = []

    def put(self, code: OneTimeCode) -> None:
        self.noted.append(code)
        super().put(code)


def test_all_addresses_cost_the_same_and_get_the_same_result() -> None:
    codes = RecordingCodes()
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


def test_requests_for_many_unknown_addresses_store_few_codes(desk: Desk) -> None:
    for n in range(2000):
        request_reset(desk.accounts, f"nobody{n}@example.com", send_email=True)
    assert desk.codes.purge(NOW + 16 * MINUTE, 10_000) <= 256


def test_decoy_code_stores_nothing_of_the_address() -> None:
    codes = RecordingCodes()
    request_reset(Desk(codes=codes).accounts, "secret@example.com", send_email=True)
    assert [code.address for code in codes.noted] == [""]
    assert "secret" not in repr(codes.noted)


def test_code_is_single_use(desk: Desk) -> None:
    code = requested_code(desk)
    reset_password(desk.accounts, code, BETTER)
    with pytest.raises(InvalidCode):
        reset_password(desk.accounts, code, GOOD)
    assert desk.can_log_in("ada@example.com", BETTER)


@pytest.mark.parametrize(
    ("seconds", "is_good"),
    [(15 * MINUTE - 1, True), (15 * MINUTE, False), (15 * MINUTE + 1, False)],
)
def test_code_is_valid_for_a_quarter_of_an_hour(desk: Desk, seconds: float, is_good: bool) -> None:
    code = requested_code(desk)
    desk.now += seconds
    if is_good:
        reset_password(desk.accounts, code, BETTER)
        return
    with pytest.raises(InvalidCode):
        reset_password(desk.accounts, code, BETTER)
    assert desk.can_log_in("ada@example.com", GOOD)


def test_code_is_valid_only_for_its_purpose(desk: Desk) -> None:
    code = requested_code(desk)
    with pytest.raises(InvalidCode):
        verify_email(desk.accounts, code, GOOD)
    reset_password(desk.accounts, code, BETTER)


@pytest.mark.parametrize(
    "happens", [change_address, change_password, disable, disable_and_enable, delete]
)
def test_account_change_invalidates_the_code(desk: Desk, happens: Callable[[Desk], None]) -> None:
    code = requested_code(desk)
    happens(desk)
    with pytest.raises(InvalidCode):
        reset_password(desk.accounts, code, BETTER)


def test_rejected_password_uses_neither_the_code_nor_a_hash(desk: Desk) -> None:
    code = requested_code(desk)
    for password in ("short", "ada@example.com ada@example.com", GOOD + "\0"):
        with pytest.raises(UnacceptablePassword):
            reset_password(desk.accounts, code, password)
    assert desk.passwords.hashes == 0
    reset_password(desk.accounts, code, BETTER)


def test_wrong_code_costs_one_hash_like_a_correct_one(desk: Desk) -> None:
    code = requested_code(desk)
    with pytest.raises(InvalidCode):
        reset_password(desk.accounts, "guess", BETTER)
    assert desk.passwords.hashes == 1
    reset_password(desk.accounts, code, BETTER)
    assert desk.passwords.hashes == 2


def test_shorter_password_is_enough_with_a_second_factor(desk: Desk) -> None:
    code = requested_code(desk)
    with pytest.raises(UnacceptablePassword):
        reset_password(desk.accounts, code, "kd83hF9s")
    desk.two_factors.add(desk.user("ada@example.com").id)
    reset_password(desk.accounts, code, "kd83hF9s")


def test_password_changed_while_the_new_one_is_hashed_is_kept(desk: Desk) -> None:
    code = requested_code(desk)
    set_password = desk.users.set_password

    def changed_concurrently(user_id: str, password_hash: str, now: float, version: int) -> bool:
        assert set_password(user_id, "changed meanwhile", now, version)
        return set_password(user_id, password_hash, now, version)

    desk.users.set_password = changed_concurrently  # type: ignore[method-assign]
    with pytest.raises(InvalidCode):
        reset_password(desk.accounts, code, BETTER)
    assert desk.user("ada@example.com").password_hash == "changed meanwhile"
