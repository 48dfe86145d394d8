"""What those who administer do with accounts, over all stores of a real database."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.admins import LastAdmin, NoSuchUser
from flask_watchword.accounts.api_tokens import ApiTokenKind, new_api_token
from flask_watchword.accounts.notifications import NotificationKind
from flask_watchword.accounts.one_time_codes import Purpose, code_digest, new_code
from flask_watchword.accounts.passwords import HashProfile, Passwords
from flask_watchword.accounts.recovery_codes import recovery_digest
from flask_watchword.accounts.totp import new_enrolment
from flask_watchword.accounts.transaction import AccountStores, UnitOfWork
from flask_watchword.accounts.user_store import EmailTaken
from flask_watchword.accounts.users import InvalidName, User, new_user
from flask_watchword.infra.sql.account_stores import SqlUnitOfWork
from flask_watchword.keys.encryption import Encryptor
from flask_watchword.service.features.admin_users.flow import (
    Administrator,
    UserChange,
    add_user,
    change_user,
    delete_user,
    invite_user,
    set_password,
)
from flask_watchword.service.features.password_reset.flow import reset
from tests.accounts.desk import Mailbox

NOW = 1_700_000_000.0
DAY = 86_400.0
BY = Administrator("root", "session-1", "192.0.2.7", "Browser")
PASSWORD = "seven lazy otters juggle"


@pytest.fixture
def unit(any_engine: Engine) -> UnitOfWork:
    return SqlUnitOfWork(any_engine, Encryptor([b"k" * 32]))


def add(unit: UnitOfWork, name: str, *roles: str) -> User:
    user = replace(new_user(f"{name}@example.com", "hash", NOW), roles=frozenset(roles))
    unit.stores.users.add(user)
    return user


def changed(unit: UnitOfWork, user: User, change: UserChange) -> User:
    return unit.change(lambda stores: change_user(stores, BY, user.id, change, NOW))


def accounts_of(stores: AccountStores, mailbox: Mailbox) -> Accounts:
    quick = Passwords(HashProfile(memory_kib=8, time_cost=1, parallelism=1))
    return Accounts(
        users=stores.users,
        codes=stores.codes,
        api_tokens=stores.api_tokens,
        mailer=mailbox,
        passwords=quick,
        clock=lambda: NOW,
    )


def events(unit: UnitOfWork) -> list[tuple[str, str, object]]:
    newest = unit.stores.audit.newest(100)
    return [(e.event.event, e.event.subject, e.event.detail["actor"]) for e in reversed(newest)]


def test_a_change_of_roles_and_scopes_is_made_and_logged_with_actor_and_target(
    unit: UnitOfWork,
) -> None:
    ada = add(unit, "ada", "staff")
    change = UserChange(frozenset({"admin", "staff"}), frozenset({"read"}))
    after = changed(unit, ada, change)
    assert (after.roles, after.scopes) == (change.roles, change.scopes)
    assert unit.stores.users.by_id(ada.id) == after
    assert events(unit) == [("roles_changed", ada.id, "root"), ("scopes_changed", ada.id, "root")]
    event = unit.stores.audit.newest(1, event="roles_changed")[0].event
    assert (event.session, event.address, event.agent) == ("session-1", "192.0.2.7", "Browser")
    assert event.detail == {"actor": "root", "roles": "admin staff", "before": "staff"}


def test_what_changes_nothing_is_not_logged(unit: UnitOfWork) -> None:
    ada = add(unit, "ada", "staff")
    assert changed(unit, ada, UserChange(frozenset({"staff"}), None, disabled=False)) == ada
    assert events(unit) == []


def test_a_user_is_disabled_and_enabled_again(unit: UnitOfWork) -> None:
    ada = add(unit, "ada")
    assert changed(unit, ada, UserChange(disabled=True)).disabled_at == NOW
    assert changed(unit, ada, UserChange(disabled=False)).disabled_at is None
    assert events(unit) == [("user_disabled", ada.id, "root"), ("user_enabled", ada.id, "root")]


def test_a_name_that_cannot_be_a_role_undoes_the_whole_change(unit: UnitOfWork) -> None:
    ada = add(unit, "ada")
    with pytest.raises(InvalidName):
        changed(unit, ada, UserChange(frozenset({"staff"}), frozenset({"a b"})))
    assert unit.stores.users.by_id(ada.id) == ada
    assert events(unit) == []


def test_nobody_who_is_not_there_is_changed_or_deleted(unit: UnitOfWork) -> None:
    ada = add(unit, "ada")
    unit.stores.users.delete(ada.id)
    with pytest.raises(NoSuchUser):
        changed(unit, ada, UserChange(disabled=True))
    with pytest.raises(NoSuchUser):
        unit.change(lambda stores: delete_user(stores, BY, ada.id, NOW))
    assert events(unit) == []


@pytest.mark.parametrize(
    "change",
    [
        UserChange(roles=frozenset()),
        UserChange(roles=frozenset({"staff"})),
        UserChange(disabled=True),
    ],
)
def test_the_last_admin_is_neither_demoted_nor_disabled_nor_deleted(
    unit: UnitOfWork, change: UserChange
) -> None:
    ada = add(unit, "ada", "admin")
    unit.stores.users.disable(add(unit, "bob", "admin").id, NOW)
    with pytest.raises(LastAdmin):
        changed(unit, ada, change)
    with pytest.raises(LastAdmin):
        unit.change(lambda stores: delete_user(stores, BY, ada.id, NOW))
    assert unit.stores.users.by_id(ada.id) == ada
    assert events(unit) == []


def test_an_admin_beside_another_one_can_go(unit: UnitOfWork) -> None:
    ada, bob = add(unit, "ada", "admin"), add(unit, "bob", "admin")
    changed(unit, ada, UserChange(roles=frozenset()))
    with pytest.raises(LastAdmin):
        changed(unit, bob, UserChange(roles=frozenset()))


@pytest.mark.parametrize("way", ["demote", "disable", "delete"])
def test_of_admins_who_are_all_taken_away_at_once_one_stays(unit: UnitOfWork, way: str) -> None:
    admins = [add(unit, f"admin{n}", "admin") for n in range(8)]
    gate = threading.Barrier(len(admins))

    def take_away(user: User) -> bool:
        gate.wait()
        try:
            if way == "delete":
                unit.change(lambda stores: delete_user(stores, BY, user.id, NOW))
            else:
                change = UserChange(disabled=True)
                changed(unit, user, change if way == "disable" else UserChange(frozenset()))
        except LastAdmin:
            return False
        return True

    with ThreadPoolExecutor(len(admins)) as pool:
        done = list(pool.map(take_away, admins))
    assert done.count(False) == 1
    assert unit.stores.users.hold_role("admin") == {admins[done.index(False)].id}


def test_with_a_user_goes_all_that_is_theirs_and_nothing_else(unit: UnitOfWork) -> None:
    ada, bob = add(unit, "ada"), add(unit, "bob")
    texts = {}
    for user in (ada, bob):
        texts[user.id], code = new_code(
            user,
            Purpose.VERIFY_EMAIL,
            user.email,
            NOW,
            accounts_of(unit.stores, Mailbox()).lifetimes,
        )
        token, _ = new_api_token(ApiTokenKind.PERSONAL, user.id, "x", [], [], NOW, None)
        unit.stores.codes.put(code)
        unit.stores.totp.begin(new_enrolment(user.id, NOW))
        unit.stores.recovery_codes.replace(user.id, [recovery_digest(user.id, "code")])
        unit.stores.api_tokens.add(token)
    assert unit.change(lambda stores: delete_user(stores, BY, ada.id, NOW)) == ada

    def left(user: User) -> list[bool]:
        stores = unit.stores
        digest = code_digest(texts[user.id])
        return [
            stores.users.by_id(user.id) is not None,
            stores.codes.find(digest, Purpose.VERIFY_EMAIL, NOW) is not None,
            stores.totp.get(user.id) is not None,
            stores.recovery_codes.left(user.id) == 1,
            len(stores.api_tokens.of_owner(user.id)) == 1,
        ]

    assert left(ada) == [False] * 5
    assert left(bob) == [True] * 5
    assert events(unit) == [("user_deleted", ada.id, "root")]


def test_a_deletion_that_fails_on_the_way_leaves_everything(
    unit: UnitOfWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = add(unit, "ada")
    unit.stores.totp.begin(new_enrolment(ada.id, NOW))

    def fail(stores: AccountStores) -> None:
        delete_user(stores, BY, ada.id, NOW)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        unit.change(fail)
    assert unit.stores.users.by_id(ada.id) == ada
    assert unit.stores.totp.get(ada.id) is not None
    assert events(unit) == []


def test_an_invited_user_chooses_a_password_by_the_code_in_the_mail(unit: UnitOfWork) -> None:
    mailbox = Mailbox()
    ada = new_user("Ada@example.com", "nobody knows", NOW)
    unit.change(lambda s: invite_user(accounts_of(s, mailbox), s, BY, ada))
    assert mailbox.last.kind is NotificationKind.SET_PASSWORD
    assert mailbox.last.recipient == "Ada@example.com"
    assert mailbox.last.expires_at == NOW + DAY
    code = mailbox.code
    later = replace(accounts_of(unit.stores, mailbox), clock=lambda: NOW + DAY - 1.0)
    reset(later, code, PASSWORD)
    user = unit.stores.users.by_id(ada.id)
    assert user is not None
    assert later.passwords.verify(user.password_hash, PASSWORD)
    assert user.email_verified_at == NOW + DAY - 1.0
    assert events(unit) == [("user_added", ada.id, "root")]


def test_a_user_whose_address_is_taken_is_not_invited(unit: UnitOfWork) -> None:
    add(unit, "ada")
    mailbox = Mailbox()
    rival = new_user("ADA@example.com", "hash", NOW)
    with pytest.raises(EmailTaken):
        unit.change(lambda s: invite_user(accounts_of(s, mailbox), s, BY, rival))
    assert mailbox.work == []
    assert events(unit) == []


def test_a_user_is_not_added_with_a_name_that_cannot_be_a_role(unit: UnitOfWork) -> None:
    odd = replace(new_user("ada@example.com", "hash", NOW), roles=frozenset({"a b"}))
    with pytest.raises(InvalidName):
        unit.change(lambda s: add_user(s, BY, odd, NOW))
    assert list(unit.stores.users.page()) == []


def test_a_password_that_is_set_ends_what_was_mailed_before(unit: UnitOfWork) -> None:
    ada = add(unit, "ada")
    lifetimes = accounts_of(unit.stores, Mailbox()).lifetimes
    text, code = new_code(ada, Purpose.RESET_PASSWORD, ada.email, NOW, lifetimes)
    unit.stores.codes.put(code)
    assert unit.change(lambda stores: set_password(stores, BY, ada, "new hash", NOW))
    after = unit.stores.users.by_id(ada.id)
    assert after is not None
    assert (after.password_hash, after.version) == ("new hash", ada.version + 1)
    assert unit.stores.codes.find(code_digest(text), Purpose.RESET_PASSWORD, NOW) is None
    assert not unit.change(lambda stores: set_password(stores, BY, ada, "later", NOW))
    assert events(unit) == [("password_set", ada.id, "root")]
