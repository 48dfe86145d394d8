import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_watchword.accounts import password_strength as weak_passwords
from flask_watchword.accounts.password_policy import (
    MIN_CHARACTERS_BESIDE_SECOND_FACTOR,
    MIN_PASSWORD_CHARACTERS,
    UnacceptablePassword,
    check_new_password,
)
from flask_watchword.accounts.password_strength import weakness
from flask_watchword.accounts.passwords import MAX_PASSWORD_CHARACTERS

GOOD = "correct horse battery staple"
ADA = ("Ada.Lovelace@example.com", "Watchword")


def shown_to_zxcvbn(password: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    shown: list[str] = []

    def noting(text: str, words: list[str], max_length: int) -> object:
        shown.append(text)
        assert len(text) <= max_length
        return {"score": 0, "sequence": [], "feedback": {"warning": ""}}

    monkeypatch.setattr(weak_passwords, "zxcvbn", noting)
    assert weakness(password) is not None
    return shown


def test_passphrase_is_accepted() -> None:
    check_new_password(GOOD, about=ADA)


def test_minimum_length_is_15_characters_or_8_with_a_second_factor() -> None:
    assert (MIN_PASSWORD_CHARACTERS, MIN_CHARACTERS_BESIDE_SECOND_FACTOR) == (15, 8)
    check_new_password("kd83hF9sLq02mZx")
    check_new_password("kd83hF9s", second_factor=True)
    with pytest.raises(UnacceptablePassword, match="14 characters and needs at least 15"):
        check_new_password("kd83hF9sLq02mZ")
    with pytest.raises(UnacceptablePassword, match="7 characters and needs at least 8"):
        check_new_password("kd83hF9", second_factor=True)


def test_length_counts_graphemes() -> None:
    fourteen = unicodedata.normalize("NFD", "\u00e9\u00e0kd83hF9sLq02")
    assert len(fourteen) > 15
    with pytest.raises(UnacceptablePassword, match="14 characters"):
        check_new_password(fourteen)


@pytest.mark.parametrize(
    "password",
    [
        "\u043f\u0430\u0440\u043e\u043b\u044c\u043d\u044b\u0439 \u0441\u043b\u043e\u043d 42",
        "  leading and trailing  ",
        "tab\tand\nline feed!x",
    ],
)
def test_any_character_may_be_in_a_password(password: str) -> None:
    check_new_password(password)


def test_longest_password_is_accepted_whole_and_a_longer_one_rejected() -> None:
    longest = (GOOD * 40)[:MAX_PASSWORD_CHARACTERS]
    check_new_password(longest)
    with pytest.raises(UnacceptablePassword, match="more than 1024"):
        check_new_password(longest + "x")


def test_nul_character_is_rejected() -> None:
    with pytest.raises(UnacceptablePassword, match="NUL"):
        check_new_password(GOOD + "\0")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("x" * 15, "repeats"),
        ("x" * MAX_PASSWORD_CHARACTERS, "repeats"),
        ("passwordpassword", "easy to guess"),
        ("P@$$w0rdP@$$w0rd", "easy to guess"),
        ("123456789012345", "commonly used"),
        ("qwertyuiopasdfgh", "commonly used"),
        ("abcdefghijklmnop", "sequences"),
        ("\uff50assword\uff50assword", "easy to guess"),
        ("\n" * 20, "easy to guess"),
        ("ada.lovelace@example.com", "made of the e-mail"),
        ("ADA.LOVELACE@EXAMPLE.COM!", "made of the e-mail"),
        ("adalovelace12345", "made of the e-mail"),
        ("lovelace lovelace", "made of the e-mail"),
        ("watchword.example.com-2026", "made of the e-mail"),
        ("WatchwordWatchword1", "made of the e-mail"),
    ],
)
def test_easily_guessed_password_is_rejected_with_the_reason(password: str, reason: str) -> None:
    with pytest.raises(UnacceptablePassword, match=reason):
        check_new_password(password, about=ADA)


@pytest.mark.parametrize("password", ["password", "12345678", "lovelace", "qwertyui", "iloveyou1"])
def test_common_password_is_rejected_despite_a_second_factor(password: str) -> None:
    with pytest.raises(UnacceptablePassword, match=r"easy to guess|programs try|made of"):
        check_new_password(password, about=ADA, second_factor=True)


def test_word_of_the_address_is_harmless_beside_enough_others() -> None:
    check_new_password("lovelace likes green turtles", about=ADA)


def test_long_password_is_checked_in_three_pieces_of_40(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = shown_to_zxcvbn("ab" * 500, monkeypatch)
    assert [len(piece) for piece in shown] == [40, 40, 40]


def test_one_strong_piece_is_enough() -> None:
    assert weakness("a" * 40 + GOOD) is None


def test_substitutions_that_are_slow_to_check_are_not_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = shown_to_zxcvbn("4@8({[<3691!|0$5+7%2", monkeypatch)
    assert shown == ["4@8)}]>3691!\\0$5-7&2"]


@given(st.text(max_size=60), st.text(max_size=20))
def test_every_text_gets_a_result(password: str, about: str) -> None:
    reason = weakness(password, [about])
    assert reason is None or reason.startswith("it is ")


def test_concurrent_checks_are_independent() -> None:
    names = [f"person{n}name" for n in range(8)] * 10

    def refused(name: str) -> bool:
        return weakness(f"{name[::-1]}{name[::-1]}", [f"{name}@example.com"]) is not None

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(refused, names))
