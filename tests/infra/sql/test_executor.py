"""Statements executed by the driver directly: single ones, and several in one transaction."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, QueuePool, exc, insert, select, text, update

from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.driver import Statements
from flask_watchword.infra.sql.driver_transaction import DriverTransaction
from flask_watchword.infra.sql.engine import open_engine, writing
from flask_watchword.infra.sql.executor import EngineDatabase
from flask_watchword.infra.sql.transactions import database_at

_throttle = tables.throttle.c
COUNT = text("SELECT count(*) FROM watchword_throttle")
ADD = insert(tables.throttle)
ADD_ONE = update(tables.throttle).values(until=_throttle.until + 1)
UNTIL = select(_throttle.until)


def adding(*keys: str) -> Callable[[Statements], None]:
    def work(statements: Statements) -> None:
        for key in keys:
            statements.count(ADD, {"key": key, "until": 0})

    return work


def how_many(statements: Statements) -> int:
    ((number,),) = statements.rows(COUNT)
    return int(number)


def test_statements_of_a_transaction_are_committed_together(any_engine: Engine) -> None:
    database = database_at(any_engine)
    other = EngineDatabase(any_engine, kept=0)

    def work(statements: Statements) -> tuple[int, int]:
        adding("a", "b")(statements)
        return how_many(statements), how_many(other)

    assert database.transact(work) == (2, 0)
    assert how_many(other) == 2


def test_failed_transaction_changes_nothing_and_leaves_its_connection_usable(
    any_engine: Engine,
) -> None:
    database = database_at(any_engine)

    def fail(statements: Statements) -> None:
        adding("a")(statements)
        raise LookupError

    for _ in range(30):  # more often than a pool has connections
        with pytest.raises(LookupError):
            database.transact(fail)
    assert how_many(database) == 0
    database.transact(adding("a"))
    assert how_many(database) == 1


def test_failed_statement_rolls_earlier_ones_back(any_engine: Engine) -> None:
    database = database_at(any_engine)
    with pytest.raises(StoreUnavailable):
        database.transact(lambda statements: _add_and(statements, "SELECT 1 FROM no_such_table"))
    assert how_many(database) == 0


def _add_and(statements: Statements, statement: str) -> None:
    adding("a")(statements)
    statements.count(text(statement))


def test_concurrent_transactions_are_all_committed(any_engine: Engine) -> None:
    database = database_at(any_engine)
    database.transact(adding("a"))

    def add_one(_: int) -> None:
        database.transact(lambda statements: statements.count(ADD_ONE))

    with ThreadPoolExecutor(8) as many:
        list(many.map(add_one, range(200)))
    assert database.rows(UNTIL) == [(200,)]


def test_transaction_waits_for_another_writer(engine: Engine) -> None:
    impatient = database_at(open_engine(engine.url, busy_seconds=0.0))
    with writing(engine), pytest.raises(StoreUnavailable, match="locked"):
        impatient.transact(adding("a"))
    impatient.transact(adding("a"))


def test_participant_of_a_transaction_is_committed_with_it(any_engine: Engine) -> None:
    alone = database_at(any_engine)
    with writing(any_engine) as connection:
        database_at(connection).transact(adding("a"))
        assert how_many(database_at(connection)) == 1
        assert how_many(alone) == 0
    assert how_many(alone) == 1


def test_callers_share_one_database_for_an_engine(
    any_engine: Engine,
) -> None:
    assert database_at(any_engine) is database_at(any_engine)


def test_no_connection_is_left_when_an_engine_is_disposed(engine: Engine) -> None:
    ours = open_engine(engine.url)
    database = database_at(ours)
    assert how_many(database) == 0
    assert database._pool._idle  # type: ignore[attr-defined]
    ours.dispose()
    assert not database._pool._idle  # type: ignore[attr-defined]


def test_error_of_a_statement_whose_result_is_not_needed_rolls_back(any_engine: Engine) -> None:
    database = database_at(any_engine)

    def work(statements: Statements) -> None:
        for _ in range(2):
            statements.send(ADD, {"key": "a", "until": 0})

    with pytest.raises(exc.IntegrityError):
        database.transact(work)
    assert how_many(database) == 0


def test_number_of_affected_rows_is_known_at_once(any_engine: Engine) -> None:
    database = database_at(any_engine)

    def work(statements: Statements) -> int:
        adding("a", "b")(statements)
        return statements.count(ADD_ONE)

    assert database.transact(work) == 2


def test_connection_of_sqlalchemy_takes_part_in_the_transaction(any_engine: Engine) -> None:
    database = EngineDatabase(any_engine, kept=4)

    def work(transaction: DriverTransaction) -> None:
        transaction.send(ADD, {"key": "a", "until": 0})
        assert transaction.connection.execute(ADD_ONE).rowcount == 1
        transaction.send(ADD, {"key": "b", "until": 0})
        raise LookupError

    with pytest.raises(LookupError):
        database.transact(work)
    assert how_many(database) == 0
    database.close()


def test_connection_that_sqlalchemy_has_used_is_returned_to_its_pool(any_engine: Engine) -> None:
    database = EngineDatabase(any_engine, kept=4)
    pool = any_engine.pool
    assert isinstance(pool, QueuePool)
    before = pool.checkedout()
    database.transact(lambda transaction: transaction.connection.execute(COUNT).all())
    assert pool.checkedout() == before
    database.transact(lambda transaction: transaction.rows(COUNT))
    assert pool.checkedout() == before + 1
    database.close()
