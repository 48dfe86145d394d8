"""What of the accounts is deleted once it is over, on real databases."""

import pytest
from sqlalchemy import Engine, Table, func, select

from flask_watchword.accounts.codes import CodeLifetimes, Purpose, new_code
from flask_watchword.accounts.machine_tokens import MachineTokenKind, new_machine_token
from flask_watchword.accounts.outbox import Body, new_mail
from flask_watchword.accounts.throttling import Limit, charge
from flask_watchword.accounts.upkeep import MACHINE_TOKENS_KEPT, MAIL_KEPT
from flask_watchword.accounts.users import new_user
from flask_watchword.keys.sealing import Sealer
from flask_watchword.stores.sql import tables
from flask_watchword.stores.sql.codes import SqlCodeStore
from flask_watchword.stores.sql.engine import reading
from flask_watchword.stores.sql.machine_tokens import SqlMachineTokenStore
from flask_watchword.stores.sql.outbox import SqlOutbox
from flask_watchword.stores.sql.throttle import SqlThrottleStore
from flask_watchword.stores.sql.upkeep import SqlUpkeep

NOW = 1_700_000_000.0
KINDS = (tables.codes, tables.throttle, tables.machine_tokens, tables.outbox)


def fill(engine: Engine, *, over: bool) -> None:
    """Keep one of each kind; of tokens two, one revoked and one expired."""
    name = "over" if over else "live"
    made = NOW - MACHINE_TOKENS_KEPT - 60.0 if over else NOW
    user = new_user(f"{name}@example.com", "hash", NOW)
    _, code = new_code(user, Purpose.VERIFY_EMAIL, user.email, made, CodeLifetimes())
    SqlCodeStore(engine).put(code)
    limit = charge(name, Limit(1, 1.0), "x")
    SqlThrottleStore(engine).take([limit], int((made if over else NOW) * 1_000_000))
    outbox = SqlOutbox(engine, Sealer([b"k" * 32]))
    mail = new_mail("verify_email", user.email, Body("a", "b", "c"), made)
    outbox.put(mail)
    outbox.sent(mail.id, made)
    tokens = SqlMachineTokenStore(engine)
    for lifetime in (None, 1.0):
        record, _ = new_machine_token(MachineTokenKind.PERSONAL, name, "x", [], [], made, lifetime)
        tokens.add(record)
        tokens.revoke(record.id, name, made)


def left(engine: Engine) -> list[int]:
    def count(table: Table) -> int:
        with reading(engine) as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()

    return [count(table) for table in KINDS]


def test_what_is_over_goes_and_what_is_not_stays(any_engine: Engine) -> None:
    fill(any_engine, over=True)
    fill(any_engine, over=False)
    upkeep = SqlUpkeep(any_engine)
    assert left(any_engine) == [2, 2, 4, 2]
    assert upkeep.purge(NOW, 100) == 5
    assert left(any_engine) == [1, 1, 2, 1]
    assert upkeep.purge(NOW, 100) == 0


def test_a_batch_is_bounded_for_each_kind(any_engine: Engine) -> None:
    fill(any_engine, over=True)
    assert SqlUpkeep(any_engine).purge(NOW, 1) == 4
    assert SqlUpkeep(any_engine).purge(NOW, 1) == 1


@pytest.mark.parametrize("kept", [MAIL_KEPT, MACHINE_TOKENS_KEPT])
def test_what_its_owner_may_still_want_to_see_stays_to_the_last_moment(
    any_engine: Engine, kept: float
) -> None:
    fill(any_engine, over=False)
    table = tables.outbox if kept == MAIL_KEPT else tables.machine_tokens
    place = KINDS.index(table)
    before = left(any_engine)[place]
    SqlUpkeep(any_engine).purge(NOW + kept, 100)
    assert left(any_engine)[place] == before
    SqlUpkeep(any_engine).purge(NOW + kept + 2.0, 100)
    assert left(any_engine)[place] == 0


def test_mail_that_waits_is_never_purged(any_engine: Engine) -> None:
    mail = new_mail("verify_email", "ada@example.com", Body("a", "b", "c"), NOW)
    SqlOutbox(any_engine, Sealer([b"k" * 32])).put(mail)
    assert SqlUpkeep(any_engine).purge(NOW + 10 * MAIL_KEPT, 100) == 0
