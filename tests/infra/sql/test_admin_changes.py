"""Admin changes to accounts, over all stores of a real database."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.admins import LastAdmin, NoSuchUser
from flask_watchword.accounts.api_tokens import ApiTokenKind, new_api_token
from flask_watchword.accounts.one_time_codes import code_digest, new_code
from flask_watchword.accounts.passwords import HashProfile, Passwords
from flask_watchword.accounts.transaction import Source, Transaction
from flask_watchword.accounts.user_store import EmailTaken
from flask_watchword.accounts.users import InvalidName, User, new_user
from flask_watchword.service.features.admin_users.flow import (
    UserChange,
    add_user,
    change_user,
    invite_user,
    set_password,
)
from flask_watchword.service.features.delete_account.flow import delete_user
from flask_watchword.service.features.email_verification.flow import VERIFY_EMAIL
from flask_watchword.service.features.password_reset.flow import RESET_PASSWORD, reset_password
from flask_watchword.service.features.recovery_codes.flow import RECOVERY_CODES, recovery_digest
from flask_watchword.service.features.totp.flow import TOTP, new_enrolment
from tests.accounts.desk import Mailbox
from tests.service.places import accounts_at

NOW = 1_700_000_000.0
DAY = 86_400.0
ACTOR = "root"
PASSWORD = "seven lazy otters juggle"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def accounts(any_engine: Engine, mailbox: Mailbox) -> Accounts:
    return Accounts(
        database=accounts_at(any_engine),
        passwords=Passwords(HashProfile(memory_kib=8, time_cost=1, parallelism=1)),
        mailer_for=lambda _outbox: mailbox,
        source=Source("session-1", "192.0.2.7", "Browser"),
        clock=lambda: NOW,
    )


def add(accounts: Accounts, name: str, *roles: str) -> User:
    user = replace(new_user(f"{name}@example.com", "hash", NOW), roles=frozenset(roles))
    accounts.users.add(user)
    return user


def changed(accounts: Accounts, user: User, change: UserChange) -> User:
    return change_user(accounts, ACTOR, user, change)


def events(accounts: Accounts) -> list[tuple[str, str, object]]:
    newest = accounts.repositories.audit_log.newest(100)
    return [(e.event.event, e.event.subject, e.event.detail.get("actor")) for e in reversed(newest)]


def test_change_of_roles_and_scopes_is_logged_with_actor_and_target(
    accounts: Accounts,
) -> None:
    ada = add(accounts, "ada", "staff")
    change = UserChange(frozenset({"admin", "staff"}), frozenset({"read"}))
    after = changed(accounts, ada, change)
    assert (after.roles, after.scopes) == (change.roles, change.scopes)
    assert accounts.users.by_id(ada.id) == after
    assert events(accounts) == [
        ("roles_changed", ada.id, "root"),
        ("scopes_changed", ada.id, "root"),
    ]
    event = accounts.repositories.audit_log.newest(1, event="roles_changed")[0].event
    assert (event.session, event.address, event.agent) == ("session-1", "192.0.2.7", "Browser")
    assert event.detail == {"actor": "root", "roles": "admin staff", "before": "staff"}


def test_change_without_effect_is_not_logged(accounts: Accounts) -> None:
    ada = add(accounts, "ada", "staff")
    assert changed(accounts, ada, UserChange(frozenset({"staff"}), None, disabled=False)) == ada
    assert events(accounts) == []


def test_user_is_disabled_and_enabled_again(accounts: Accounts) -> None:
    ada = add(accounts, "ada")
    assert changed(accounts, ada, UserChange(disabled=True)).disabled_at == NOW
    assert changed(accounts, ada, UserChange(disabled=False)).disabled_at is None
    assert events(accounts) == [("user_disabled", ada.id, "root"), ("user_enabled", ada.id, "root")]


def test_invalid_role_name_rolls_the_whole_change_back(accounts: Accounts) -> None:
    ada = add(accounts, "ada")
    with pytest.raises(InvalidName):
        changed(accounts, ada, UserChange(frozenset({"staff"}), frozenset({"a b"})))
    assert accounts.users.by_id(ada.id) == ada
    assert events(accounts) == []


def test_unknown_user_cannot_be_changed_or_deleted(accounts: Accounts) -> None:
    ada = add(accounts, "ada")
    accounts.users.delete(ada.id)
    with pytest.raises(NoSuchUser):
        changed(accounts, ada, UserChange(disabled=True))
    with pytest.raises(NoSuchUser):
        delete_user(accounts, ada.id, actor=ACTOR)
    assert events(accounts) == []


@pytest.mark.parametrize(
    "change",
    [
        UserChange(roles=frozenset()),
        UserChange(roles=frozenset({"staff"})),
        UserChange(disabled=True),
    ],
)
def test_last_admin_cannot_be_demoted_disabled_or_deleted(
    accounts: Accounts, change: UserChange
) -> None:
    ada = add(accounts, "ada", "admin")
    accounts.users.disable(add(accounts, "bob", "admin").id, NOW)
    with pytest.raises(LastAdmin):
        changed(accounts, ada, change)
    with pytest.raises(LastAdmin):
        delete_user(accounts, ada.id, actor=ACTOR)
    assert accounts.users.by_id(ada.id) == ada
    assert events(accounts) == []


def test_one_of_two_admins_can_be_deleted(accounts: Accounts) -> None:
    ada, bob = add(accounts, "ada", "admin"), add(accounts, "bob", "admin")
    changed(accounts, ada, UserChange(roles=frozenset()))
    with pytest.raises(LastAdmin):
        changed(accounts, bob, UserChange(roles=frozenset()))


@pytest.mark.parametrize("way", ["demote", "disable", "delete"])
def test_concurrent_removal_of_all_admins_leaves_one(accounts: Accounts, way: str) -> None:
    admins = [add(accounts, f"admin{n}", "admin") for n in range(8)]
    gate = threading.Barrier(len(admins))

    def take_away(user: User) -> bool:
        gate.wait()
        try:
            if way == "delete":
                delete_user(accounts, user.id, actor=ACTOR)
            else:
                change = UserChange(disabled=True)
                changed(accounts, user, change if way == "disable" else UserChange(frozenset()))
        except LastAdmin:
            return False
        return True

    with ThreadPoolExecutor(len(admins)) as pool:
        done = list(pool.map(take_away, admins))
    assert done.count(False) == 1
    assert accounts.users.hold_admins() == {admins[done.index(False)].id}


def test_deleting_a_user_deletes_all_their_records_and_no_others(accounts: Accounts) -> None:
    ada, bob = add(accounts, "ada"), add(accounts, "bob")
    texts = {}
    for user in (ada, bob):
        texts[user.id], code = new_code(user, VERIFY_EMAIL, user.email, NOW)
        token, _ = new_api_token(ApiTokenKind.PERSONAL, user.id, "x", [], [], NOW, None)
        accounts.codes.put(code)
        accounts.repositories.get(TOTP).begin(new_enrolment(user.id, NOW))
        accounts.repositories.get(RECOVERY_CODES).replace(
            user.id, [recovery_digest(user.id, "code")]
        )
        accounts.repositories.api_tokens.add(token)
    delete_user(accounts, ada.id, actor=ACTOR)

    def left(user: User) -> list[bool]:
        stores = accounts.repositories
        digest = code_digest(texts[user.id])
        return [
            stores.users.by_id(user.id) is not None,
            stores.codes.find(digest, VERIFY_EMAIL.name, NOW) is not None,
            stores.get(TOTP).get(user.id) is not None,
            stores.get(RECOVERY_CODES).left(user.id) == 1,
            len(stores.api_tokens.of_owner(user.id)) == 1,
        ]

    assert left(ada) == [False] * 5
    assert left(bob) == [True] * 5
    assert events(accounts) == [("user_deleted", ada.id, "root")]


def test_failed_deletion_rolls_everything_back(accounts: Accounts) -> None:
    ada = add(accounts, "ada")
    accounts.repositories.get(TOTP).begin(new_enrolment(ada.id, NOW))

    def fail(tx: Transaction) -> None:
        assert tx.delete_user(ada.id) == ada
        tx.audit("user_deleted", ada.id, actor=ACTOR)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        accounts.transaction(fail)
    assert accounts.users.by_id(ada.id) == ada
    assert accounts.repositories.get(TOTP).get(ada.id) is not None
    assert events(accounts) == []


def test_invited_user_sets_a_password_with_the_mailed_code(
    accounts: Accounts, mailbox: Mailbox
) -> None:
    ada = new_user("Ada@example.com", "nobody knows", NOW)
    accounts.transaction(lambda tx: invite_user(tx, ACTOR, ada))
    assert mailbox.last.kind == "set_password"
    assert mailbox.last.recipient == "Ada@example.com"
    assert mailbox.last.expires_at == NOW + DAY
    code = mailbox.code
    later = replace(accounts, clock=lambda: NOW + DAY - 1.0)
    reset_password(later, code, PASSWORD)
    user = accounts.users.by_id(ada.id)
    assert user is not None
    assert accounts.passwords.verify(user.password_hash, PASSWORD)
    assert user.email_verified_at == NOW + DAY - 1.0
    assert events(accounts) == [("user_added", ada.id, "root"), ("password_reset", ada.id, None)]


def test_user_with_an_address_in_use_is_not_invited(accounts: Accounts, mailbox: Mailbox) -> None:
    add(accounts, "ada")
    rival = new_user("ADA@example.com", "hash", NOW)
    with pytest.raises(EmailTaken):
        accounts.transaction(lambda tx: invite_user(tx, ACTOR, rival))
    assert mailbox.work == []
    assert events(accounts) == []


def test_user_with_an_invalid_role_name_is_not_added(accounts: Accounts) -> None:
    odd = replace(new_user("ada@example.com", "hash", NOW), roles=frozenset({"a b"}))
    with pytest.raises(InvalidName):
        accounts.transaction(lambda tx: add_user(tx, ACTOR, odd))
    assert list(accounts.users.page()) == []


def test_setting_a_password_invalidates_mailed_codes(accounts: Accounts) -> None:
    ada = add(accounts, "ada")
    text, code = new_code(ada, RESET_PASSWORD, ada.email, NOW)
    accounts.codes.put(code)
    assert set_password(accounts, ACTOR, ada, "new hash")
    after = accounts.users.by_id(ada.id)
    assert after is not None
    assert (after.password_hash, after.version) == ("new hash", ada.version + 1)
    assert accounts.codes.find(code_digest(text), RESET_PASSWORD.name, NOW) is None
    assert not set_password(accounts, ACTOR, ada, "later")
    assert events(accounts) == [("password_set", ada.id, "root")]
