"""The contract of a user store, tested with every implementation."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from flask_watchword.accounts.user_store import EmailTaken, UserStore
from flask_watchword.accounts.users import User, new_user

ADA = new_user("Ada@Example.com", "ada's hash", 1_700_000_000.25)
BOB = new_user("bob@example.com", "bob's hash", 1_700_000_001.0)


def test_users_with_an_unused_address_and_id_are_stored(users: UserStore) -> None:
    users.add(ADA)
    fresh = [new_user(f"user{n}@example.com", "hash", float(n)) for n in range(1_200)]
    same_key = replace(new_user(ADA.email, "other", 1.0), roles=frozenset({"admin"}))
    same_id = replace(new_user("eve@example.com", "other", 1.0), id=ADA.id)
    kept = users.add_many([same_key, *fresh, same_id])
    assert kept == {user.id for user in fresh}
    assert users.by_id(ADA.id) == ADA
    assert users.by_email("eve@example.com") is None
    assert users.by_id(fresh[700].id) == fresh[700]
    assert users.add_many(fresh) == frozenset()
    assert users.add_many([]) == frozenset()


def test_user_is_returned_as_it_was_added(users: UserStore) -> None:
    users.add(ADA)
    users.add(BOB)
    assert users.by_email("ada@example.com") == ADA
    assert users.by_id(ADA.id) == ADA
    assert users.by_id(BOB.id) == BOB


def test_empty_store_finds_no_user(users: UserStore) -> None:
    assert users.by_email("ada@example.com") is None
    assert users.by_id(ADA.id) is None
    assert list(users.page()) == []


def test_users_are_found_by_key_and_not_by_the_typed_address(users: UserStore) -> None:
    users.add(ADA)
    assert users.by_email("Ada@Example.com") is None


@pytest.mark.parametrize("text", ["", "\0", "' OR 1=1 --", "%", "ada@example.com\0"])
def test_hostile_text_finds_no_user(users: UserStore, text: str) -> None:
    users.add(ADA)
    assert users.by_email(text) is None
    assert users.by_id(text) is None


def test_second_user_of_one_address_is_rejected_and_changes_nothing(users: UserStore) -> None:
    users.add(ADA)
    with pytest.raises(EmailTaken):
        users.add(new_user("ADA@example.com", "another hash", 0.0))
    assert list(users.page()) == [ADA]


def test_one_of_many_concurrent_additions_of_one_address_succeeds(users: UserStore) -> None:
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


def test_hash_is_replaced_if_it_is_the_expected_one(users: UserStore) -> None:
    users.add(ADA)
    users.add(BOB)
    assert users.replace_password_hash(ADA.id, "ada's hash", "renewed")
    assert users.by_id(ADA.id) == replace(ADA, password_hash="renewed")
    assert users.by_id(BOB.id) == BOB


def test_hash_is_not_replaced_if_it_has_changed(users: UserStore) -> None:
    users.add(ADA)
    assert not users.replace_password_hash(ADA.id, "bob's hash", "renewed")
    assert not users.replace_password_hash("nobody", "ada's hash", "renewed")
    assert users.by_id(ADA.id) == ADA


def test_one_of_many_concurrent_replacements_succeeds(users: UserStore) -> None:
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


def test_working_store_responds_to_a_ping(users: UserStore) -> None:
    users.ping()


def test_every_field_of_a_user_is_returned(users: UserStore) -> None:
    full = replace(
        ADA,
        roles=frozenset({"admin", "users:read"}),
        scopes=frozenset({"a", "b", "https://example.com/c"}),
        disabled_at=1.25,
        email_verified_at=2.5,
        password_changed_at=3.75,
        version=7,
    )
    users.add(full)
    assert users.by_id(ADA.id) == full
    assert list(users.page()) == [full]


def test_search_text_is_not_a_pattern(users: UserStore) -> None:
    emails = ["ada@example.com", "bob@example.org", "a_b@example.com", "ad@example.com"]
    for email in emails:
        users.add(new_user(email, "hash", 0.0))

    def found(search: str, **limits: Any) -> list[str]:
        return [user.email for user in users.page(search=search, **limits)]

    assert found("example.org") == ["bob@example.org"]
    assert found("ad") == ["ad@example.com", "ada@example.com"]
    assert found("a_b") == ["a_b@example.com"]
    assert found("a_") == ["a_b@example.com"]
    assert found("b@") == []
    assert found("\\@e") == []
    assert found("@example.com", limit=1) == ["a_b@example.com"]
    assert found("@example.com", after="ad@example.com") == ["ada@example.com"]
    assert found("") == sorted(emails)
    for hostile in ("%", "a%b", "\0", "\ud800", "' OR 1=1 --", "%_" * 60_000):
        assert found(hostile) == []


def test_password_is_set_only_at_the_expected_version(users: UserStore) -> None:
    users.add(ADA)
    users.add(BOB)
    assert users.set_password(ADA.id, "new", 5.0, 1)
    changed = replace(ADA, password_hash="new", password_changed_at=5.0, version=2)
    assert users.by_id(ADA.id) == changed
    assert not users.set_password(ADA.id, "newer", 6.0, 1)
    assert not users.set_password("nobody", "newer", 6.0, 1)
    assert users.by_id(ADA.id) == changed
    assert users.by_id(BOB.id) == BOB


def test_one_of_many_concurrent_password_changes_succeeds(users: UserStore) -> None:
    users.add(ADA)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda n: users.set_password(ADA.id, f"{n}", 5.0, 1), range(20)))
    assert outcomes.count(True) == 1
    user = users.by_id(ADA.id)
    assert user is not None
    assert (user.password_hash, user.version) == (str(outcomes.index(True)), 2)


def test_renewing_a_hash_keeps_the_version(users: UserStore) -> None:
    users.add(ADA)
    users.replace_password_hash(ADA.id, "ada's hash", "renewed")
    assert users.set_password(ADA.id, "new", 5.0, 1)


def test_address_is_changed_only_at_the_expected_version(users: UserStore) -> None:
    users.add(ADA)
    assert not users.change_email(ADA.id, "New@b.c", "new@b.c", 5.0, 2)
    assert not users.change_email("nobody", "New@b.c", "new@b.c", 5.0, 1)
    assert users.change_email(ADA.id, "New@b.c", "new@b.c", 5.0, 1)
    changed = replace(ADA, email="New@b.c", email_key="new@b.c", email_verified_at=5.0, version=2)
    assert users.by_email("new@b.c") == changed
    assert users.by_email("ada@example.com") is None
    users.add(replace(ADA, id="another"))


def test_address_in_use_is_not_assigned(users: UserStore) -> None:
    users.add(ADA)
    users.add(BOB)
    with pytest.raises(EmailTaken):
        users.change_email(ADA.id, BOB.email, BOB.email_key, 5.0, 1)
    assert list(users.page()) == [ADA, BOB]
    assert users.change_email(ADA.id, "ADA@example.com", ADA.email_key, 5.0, 1)


def test_one_of_many_concurrent_changes_to_one_address_succeeds(users: UserStore) -> None:
    rivals = [new_user(f"user{n}@example.com", "hash", 0.0) for n in range(16)]
    for rival in rivals:
        users.add(rival)

    def changed(user: User) -> bool:
        try:
            return users.change_email(user.id, "x@b.c", "x@b.c", 5.0, 1)
        except EmailTaken:
            return False

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(changed, rivals))
    assert outcomes.count(True) == 1
    winner = users.by_email("x@b.c")
    assert winner is not None
    assert winner.id == rivals[outcomes.index(True)].id
    assert len(users.page()) == 16


def test_unchanged_address_is_verified_and_the_first_time_kept(
    users: UserStore,
) -> None:
    users.add(ADA)
    assert not users.verify_email(ADA.id, "other@example.com", 5.0)
    assert not users.verify_email("nobody", ADA.email_key, 5.0)
    assert users.by_id(ADA.id) == ADA
    assert users.verify_email(ADA.id, ADA.email_key, 5.0)
    assert users.verify_email(ADA.id, ADA.email_key, 6.0)
    assert users.by_id(ADA.id) == replace(ADA, email_verified_at=5.0)


def test_roles_and_scopes_are_replaced(users: UserStore) -> None:
    users.add(ADA)
    users.add(BOB)
    assert users.set_roles(ADA.id, frozenset({"admin", "editor"}))
    assert users.set_scopes(ADA.id, frozenset({"read"}))
    named = replace(ADA, roles=frozenset({"admin", "editor"}), scopes=frozenset({"read"}))
    assert users.by_id(ADA.id) == named
    assert users.set_roles(ADA.id, frozenset())
    assert users.by_id(ADA.id) == replace(named, roles=frozenset())
    assert users.by_id(BOB.id) == BOB
    assert not users.set_roles("nobody", frozenset({"admin"}))
    assert not users.set_scopes("nobody", frozenset())


def test_user_is_disabled_once_and_enabled_once(users: UserStore) -> None:
    users.add(ADA)
    assert not users.enable(ADA.id)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: users.disable(ADA.id, 5.0), range(20))).count(True) == 1
    assert users.by_id(ADA.id) == replace(ADA, disabled_at=5.0, version=2)
    assert users.enable(ADA.id)
    assert not users.enable(ADA.id)
    assert users.by_id(ADA.id) == replace(ADA, version=2)
    assert not users.disable("nobody", 5.0)


def test_deleted_user_is_removed_and_the_address_available(users: UserStore) -> None:
    users.add(ADA)
    users.add(BOB)
    assert users.delete(ADA.id)
    assert not users.delete(ADA.id)
    assert users.by_id(ADA.id) is None
    assert users.by_email(ADA.email_key) is None
    assert list(users.page()) == [BOB]
    users.add(replace(ADA, id="another"))


def test_role_holders_are_the_enabled_users_with_the_role(users: UserStore) -> None:
    roles = ["admin", "support admin", "administrator", "not-admin", "admin", ""]
    everybody = [
        replace(new_user(f"user{n}@example.com", "hash", 0.0), roles=frozenset(names.split()))
        for n, names in enumerate(roles)
    ]
    for user in everybody:
        users.add(user)
    users.disable(everybody[4].id, 1.0)
    assert users.hold_admins() == {everybody[0].id, everybody[1].id}


def test_password_review_is_pending_until_it_is_done(users: UserStore) -> None:
    users.add(ADA)
    users.add(BOB)
    assert not users.require_password_review("nobody", 7.25)
    assert users.require_password_review(ADA.id, 7.25)
    assert users.by_id(ADA.id) == replace(ADA, password_review_at=7.25)
    assert users.by_id(BOB.id) == BOB
    # A change of the password does not end it: it may have been checked with the factor.
    assert users.set_password(ADA.id, "new hash", 8.0, ADA.version)
    changed = users.by_id(ADA.id)
    assert changed is not None
    assert changed.password_review_at == 7.25
    assert not users.finish_password_review(ADA.id, ADA.version)
    assert users.finish_password_review(ADA.id, ADA.version + 1)
    assert users.by_id(ADA.id) == replace(changed, password_review_at=None)
