"""The contract of a user store; every implementation goes through all of it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from flask_watchword.accounts.store import EmailTaken, UserStore
from flask_watchword.accounts.users import User, new_user

ADA = new_user("Ada@Example.com", "ada's hash", 1_700_000_000.25)
BOB = new_user("bob@example.com", "bob's hash", 1_700_000_001.0)


def test_a_user_comes_back_as_it_was_added(users: UserStore) -> None:
    users.add(ADA)
    users.add(BOB)
    assert users.by_email("ada@example.com") == ADA
    assert users.by_id(ADA.id) == ADA
    assert users.by_id(BOB.id) == BOB


def test_nobody_is_found_in_an_empty_store(users: UserStore) -> None:
    assert users.by_email("ada@example.com") is None
    assert users.by_id(ADA.id) is None
    assert list(users.page()) == []


def test_users_are_found_by_key_and_not_as_typed(users: UserStore) -> None:
    users.add(ADA)
    assert users.by_email("Ada@Example.com") is None


@pytest.mark.parametrize("text", ["", "\0", "' OR 1=1 --", "%", "ada@example.com\0"])
def test_hostile_text_finds_nobody(users: UserStore, text: str) -> None:
    users.add(ADA)
    assert users.by_email(text) is None
    assert users.by_id(text) is None


def test_a_second_user_of_one_address_is_refused_and_changes_nothing(users: UserStore) -> None:
    users.add(ADA)
    with pytest.raises(EmailTaken):
        users.add(new_user("ADA@example.com", "another hash", 0.0))
    assert list(users.page()) == [ADA]


def test_of_many_concurrent_additions_of_one_address_one_succeeds(users: UserStore) -> None:
    def added(user: User) -> bool:
        try:
            users.add(user)
        except EmailTaken:
            return False
        return True

    rivals = [new_user(email, "hash", 0.0) for email in ("a@B.c", "A@b.c", "A@B.C", "a@b.c") * 10]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(added, rivals))
    assert outcomes.count(True) == 1
    assert list(users.page()) == [rivals[outcomes.index(True)]]


def test_pages_follow_each_other_without_gap_or_repeat(users: UserStore) -> None:
    everybody = [new_user(f"user{n}@example.com", "hash", 0.0) for n in (3, 1, 4, 0, 2)]
    for user in everybody:
        users.add(user)
    first = users.page(limit=2)
    second = users.page(after=first[-1].email_key, limit=2)
    third = users.page(after=second[-1].email_key, limit=2)
    seen = [user.email for user in (*first, *second, *third)]
    assert seen == [f"user{n}@example.com" for n in range(5)]


def test_a_hash_is_replaced_where_the_old_one_stands(users: UserStore) -> None:
    users.add(ADA)
    users.add(BOB)
    assert users.replace_password_hash(ADA.id, "ada's hash", "renewed")
    assert users.by_id(ADA.id) == replace(ADA, password_hash="renewed")
    assert users.by_id(BOB.id) == BOB


def test_a_hash_is_not_replaced_where_another_one_stands(users: UserStore) -> None:
    users.add(ADA)
    assert not users.replace_password_hash(ADA.id, "bob's hash", "renewed")
    assert not users.replace_password_hash("nobody", "ada's hash", "renewed")
    assert users.by_id(ADA.id) == ADA


def test_of_many_concurrent_replacements_one_succeeds(users: UserStore) -> None:
    users.add(ADA)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(
            pool.map(
                lambda n: users.replace_password_hash(ADA.id, "ada's hash", f"hash {n}"), range(20)
            )
        )
    assert outcomes.count(True) == 1
    winner = f"hash {outcomes.index(True)}"
    assert users.by_id(ADA.id) == replace(ADA, password_hash=winner)


def test_a_store_that_works_answers_a_ping(users: UserStore) -> None:
    users.ping()
