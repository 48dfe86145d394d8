"""Changes of several stores in one transaction, on real databases."""

import pytest
from sqlalchemy import Engine

from flask_watchword.accounts.api_tokens import ApiTokenKind, new_api_token
from flask_watchword.accounts.audit import new_event, verify
from flask_watchword.accounts.outbox import Body, new_mail
from flask_watchword.accounts.transaction import Database, Repositories
from flask_watchword.accounts.users import new_user
from flask_watchword.service.features.recovery_codes.flow import RECOVERY_CODES, recovery_digest
from flask_watchword.service.features.totp.flow import TOTP, new_enrolment
from tests.service.places import accounts_at

NOW = 1_700_000_000.0
ADA = new_user("ada@example.com", "hash", NOW)
DIGEST = recovery_digest(ADA.id, "code")
TOKEN, _ = new_api_token(ApiTokenKind.PERSONAL, ADA.id, "x", [], [], NOW, None)


@pytest.fixture
def database(any_engine: Engine) -> Database:
    return accounts_at(any_engine)


def change_everything(repositories: Repositories) -> str:
    repositories.users.add(ADA)
    assert repositories.get(TOTP).begin(new_enrolment(ADA.id, NOW))
    repositories.get(RECOVERY_CODES).replace(ADA.id, [DIGEST])
    repositories.api_tokens.add(TOKEN)
    repositories.outbox.put(new_mail("verify_email", ADA.email, Body("a", "b", "c"), NOW))
    repositories.audit_log.append([new_event("registered", NOW, subject=ADA.id)])
    return ADA.id


def stored_records(repositories: Repositories) -> list[bool]:
    return [
        repositories.users.by_id(ADA.id) is not None,
        repositories.get(TOTP).get(ADA.id) is not None,
        repositories.get(RECOVERY_CODES).left(ADA.id) == 1,
        repositories.api_tokens.of_owner(ADA.id) != [],
        repositories.outbox.claim(NOW, 1.0) is not None,
        repositories.audit_log.head() is not None,
    ]


def test_successful_change_is_committed_as_a_whole(database: Database) -> None:
    assert database.run(change_everything) == ADA.id
    assert stored_records(database.repositories) == [True] * 6
    assert verify(database.repositories.audit_log).is_intact


def test_failure_at_the_end_rolls_everything_back(database: Database) -> None:
    def fail(repositories: Repositories) -> None:
        change_everything(repositories)
        assert stored_records(repositories) == [True] * 6
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.run(fail)
    assert stored_records(database.repositories) == [False] * 6
