"""Changes of several stores in one transaction, on real databases."""

import pytest
from sqlalchemy import Engine

from flask_watchword.accounts.api_tokens import ApiTokenKind, new_api_token
from flask_watchword.accounts.audit import new_event, verify
from flask_watchword.accounts.outbox import Body, new_mail
from flask_watchword.accounts.recovery_codes import recovery_digest
from flask_watchword.accounts.totp import new_enrolment
from flask_watchword.accounts.transaction import AccountStores, UnitOfWork
from flask_watchword.accounts.users import new_user
from flask_watchword.infra.sql.account_stores import SqlUnitOfWork
from flask_watchword.keys.encryption import Encryptor

NOW = 1_700_000_000.0
ADA = new_user("ada@example.com", "hash", NOW)
DIGEST = recovery_digest(ADA.id, "code")
TOKEN, _ = new_api_token(ApiTokenKind.PERSONAL, ADA.id, "x", [], [], NOW, None)


@pytest.fixture
def unit(any_engine: Engine) -> UnitOfWork:
    return SqlUnitOfWork(any_engine, Encryptor([b"k" * 32]))


def change_everything(stores: AccountStores) -> str:
    stores.users.add(ADA)
    assert stores.totp.begin(new_enrolment(ADA.id, NOW))
    stores.recovery_codes.replace(ADA.id, [DIGEST])
    stores.api_tokens.add(TOKEN)
    stores.outbox.put(new_mail("verify_email", ADA.email, Body("a", "b", "c"), NOW))
    stores.audit.append([new_event("registered", NOW, subject=ADA.id)])
    return ADA.id


def what_is_there(stores: AccountStores) -> list[bool]:
    return [
        stores.users.by_id(ADA.id) is not None,
        stores.totp.get(ADA.id) is not None,
        stores.recovery_codes.left(ADA.id) == 1,
        stores.api_tokens.of_owner(ADA.id) != [],
        stores.outbox.claim(NOW, 1.0) is not None,
        stores.audit.head() is not None,
    ]


def test_a_change_is_there_as_a_whole_once_it_is_made(unit: UnitOfWork) -> None:
    assert unit.change(change_everything) == ADA.id
    assert what_is_there(unit.stores) == [True] * 6
    assert verify(unit.stores.audit).is_whole


def test_a_change_that_fails_at_its_end_leaves_nothing_behind(unit: UnitOfWork) -> None:
    def fail(stores: AccountStores) -> None:
        change_everything(stores)
        assert what_is_there(stores) == [True] * 6
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        unit.change(fail)
    assert what_is_there(unit.stores) == [False] * 6
