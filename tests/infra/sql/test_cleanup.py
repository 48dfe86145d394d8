"""Deletion of expired account records on real databases."""

import pytest
from sqlalchemy import Engine

from flask_watchword.accounts.cleanup import API_TOKEN_RETENTION, MAIL_RETENTION
from flask_watchword.accounts.outbox import Body, new_mail
from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.cleanup import SqlCleanup
from flask_watchword.infra.sql.outbox import SqlOutbox
from flask_watchword.keys.encryption import Encryptor
from tests.infra.sql.account_rows import KINDS, keep_one_of_each_kind, left

NOW = 1_700_000_000.0


def test_expired_rows_are_deleted_and_others_are_not(any_engine: Engine) -> None:
    keep_one_of_each_kind(any_engine, "over", over=True, now=NOW)
    keep_one_of_each_kind(any_engine, "live", over=False, now=NOW)
    upkeep = SqlCleanup(any_engine)
    assert left(any_engine) == [2, 2, 4, 2]
    assert upkeep.purge(NOW, 100) == 5
    assert left(any_engine) == [1, 1, 2, 1]
    assert upkeep.purge(NOW, 100) == 0


def test_batch_size_is_limited_for_each_kind(any_engine: Engine) -> None:
    keep_one_of_each_kind(any_engine, "over", over=True, now=NOW)
    assert SqlCleanup(any_engine).purge(NOW, 1) == 4
    assert SqlCleanup(any_engine).purge(NOW, 1) == 1


@pytest.mark.parametrize("kept", [MAIL_RETENTION, API_TOKEN_RETENTION])
def test_rows_that_their_owner_may_want_to_see_are_kept_until_their_last_second(
    any_engine: Engine, kept: float
) -> None:
    keep_one_of_each_kind(any_engine, "live", over=False, now=NOW)
    table = tables.outbox if kept == MAIL_RETENTION else tables.api_tokens
    place = KINDS.index(table)
    before = left(any_engine)[place]
    SqlCleanup(any_engine).purge(NOW + kept, 100)
    assert left(any_engine)[place] == before
    SqlCleanup(any_engine).purge(NOW + kept + 2.0, 100)
    assert left(any_engine)[place] == 0


def test_queued_mail_is_never_deleted(any_engine: Engine) -> None:
    mail = new_mail("verify_email", "ada@example.com", Body("a", "b", "c"), NOW)
    SqlOutbox(any_engine, Encryptor([b"k" * 32])).put(mail)
    assert SqlCleanup(any_engine).purge(NOW + 10 * MAIL_RETENTION, 100) == 0
