import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_watchword.accounts.users import (
    MAX_EMAIL_CHARACTERS,
    InvalidEmail,
    check_email,
    email_key,
    new_user,
)


@pytest.mark.parametrize(
    "spelling",
    [
        "Test@Example.com",
        "  test@example.com\n",
        "TEST@EXAMPLE.COM",
        "\uff54est@example.com",
        "\u00a0test@example.com",
    ],
)
def test_spellings_of_one_address_have_one_key(spelling: str) -> None:
    assert email_key(spelling) == "test@example.com"


def test_letters_that_fold_to_two_compare_like_the_two() -> None:
    assert email_key("Stra\u00dfe@example.com") == email_key("STRASSE@example.com")


def test_composed_and_decomposed_accents_compare_equal() -> None:
    assert email_key("ren\u00e9@example.com") == email_key("rene\u0301@example.com")


@given(st.text(max_size=30))
def test_a_key_is_its_own_key(text: str) -> None:
    assert email_key(email_key(text)) == email_key(text)


def test_an_address_is_shown_as_it_was_typed() -> None:
    user = new_user("  Ren\u00c9@Example.com ", "hash", 5.0)
    assert user.email == "Ren\u00c9@Example.com"
    assert user.email_key == "ren\u00e9@example.com"
    assert user.created_at == 5.0


def test_each_user_has_an_id_of_its_own() -> None:
    assert new_user("a@b.c", "hash", 0.0).id != new_user("a@b.c", "hash", 0.0).id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "nobody",
        "@example.com",
        "name@",
        "na me@example.com",
        "name@exa\u3000mple.com",
        "name\0@example.com",
        "name\u202e@example.com",
        "name\ud800@example.com",
        "n" * MAX_EMAIL_CHARACTERS + "@example.com",
        "\ufdfa" * 30 + "@example.com",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidEmail):
        check_email(text)
