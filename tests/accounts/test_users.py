import pytest

from flask_watchword.accounts.emails import InvalidEmail
from flask_watchword.accounts.users import (
    MAX_NAME_CHARACTERS,
    MAX_NAMES,
    InvalidName,
    check_names,
    new_user,
)


def test_new_user_has_no_permissions_and_is_compared_by_key() -> None:
    user = new_user("  Ren\u00c9@Example.com ", "hash", 5.0)
    assert user.email == "Ren\u00c9@Example.com"
    assert user.email_key == "ren\u00e9@example.com"
    assert (user.created_at, user.roles, user.scopes) == (5.0, frozenset(), frozenset())
    assert (user.is_disabled, user.email_verified_at, user.version) == (False, None, 1)


def test_each_user_has_a_unique_id() -> None:
    assert new_user("a@b.c", "hash", 0.0).id != new_user("a@b.c", "hash", 0.0).id


def test_user_requires_an_address() -> None:
    with pytest.raises(InvalidEmail):
        new_user("nobody", "hash", 0.0)


def test_role_and_scope_names_are_scope_tokens() -> None:
    names = frozenset({"admin", "users:read", "https://example.com/scope", "x" * 64})
    assert check_names(names) == names
    assert check_names(frozenset()) == frozenset()


@pytest.mark.parametrize(
    "name", ["", "two words", "tab\t", 'quo"te', "back\\slash", "\u00e9", "x" * 65, "a\n", "\0"]
)
def test_name_that_cannot_be_in_a_scope_list_is_rejected(name: str) -> None:
    with pytest.raises(InvalidName):
        check_names(frozenset({"admin", name}))


def test_number_of_names_is_limited() -> None:
    names = [f"role{n}" for n in range(MAX_NAMES + 1)]
    check_names(frozenset(names[:MAX_NAMES]))
    with pytest.raises(InvalidName):
        check_names(frozenset(names))
    assert MAX_NAME_CHARACTERS == 64


def test_total_length_of_names_is_limited() -> None:
    names = [f"{n:02}".ljust(MAX_NAME_CHARACTERS, "x") for n in range(13)]
    check_names(frozenset(names[:12]))
    with pytest.raises(InvalidName, match="832 characters together, and the maximum is 768"):
        check_names(frozenset(names))
