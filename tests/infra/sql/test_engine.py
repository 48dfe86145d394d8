import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine, exc

from flask_watchword.accounts.users import new_user
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.sql.engine import open_engine, reading, writing
from flask_watchword.infra.sql.users import SqlUserStore

ADA = new_user("ada@example.com", "hash", 0.0)


def impatient(engine: Engine) -> Engine:
    return open_engine(engine.url, busy_seconds=0.0)


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("foreign_keys", 1), ("synchronous", 1), ("busy_timeout", 30_000)],
)
def test_connection_is_configured(engine: Engine, pragma: str, value: str | int) -> None:
    with reading(engine) as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_new_file_is_opened_while_another_process_initialises_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "new.db"
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("time.sleep", lambda _seconds: other.rollback())
    with reading(open_engine(f"sqlite:///{file}")) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    other.close()


def test_new_file_that_stays_locked_is_an_unavailable_store(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with (
        pytest.raises(StoreUnavailable, match="locked"),
        reading(open_engine(f"sqlite:///{file}", busy_seconds=0.0)),
    ):
        pass
    other.close()


def test_write_transaction_takes_the_lock_at_its_start(engine: Engine) -> None:
    with writing(engine), pytest.raises(StoreUnavailable), writing(impatient(engine)):
        pass


def test_readers_continue_during_a_write(engine: Engine) -> None:
    users = SqlUserStore(impatient(engine))
    with writing(engine) as connection:
        connection.exec_driver_sql("DELETE FROM watchword_users")
        assert users.by_id(ADA.id) is None


def test_failed_write_is_rolled_back(engine: Engine) -> None:
    users = SqlUserStore(engine)
    users.add(ADA)

    def delete_and_fail() -> None:
        with writing(engine) as connection:
            connection.exec_driver_sql("DELETE FROM watchword_users")
            raise LookupError

    with pytest.raises(LookupError):
        delete_and_fail()
    assert users.by_id(ADA.id) == ADA


def test_locked_database_is_an_unavailable_store(engine: Engine) -> None:
    with writing(engine), pytest.raises(StoreUnavailable, match="locked"):
        SqlUserStore(impatient(engine)).add(ADA)


def test_database_without_schema_is_an_unavailable_store(tmp_path: Path) -> None:
    users = SqlUserStore(open_engine(f"sqlite:///{tmp_path}/empty.db"))
    with pytest.raises(StoreUnavailable, match="no such table"):
        users.ping()


def test_file_that_is_not_a_database_is_an_unavailable_store(tmp_path: Path) -> None:
    file = tmp_path / "noise.db"
    file.write_bytes(b"this is no database " * 500)
    with pytest.raises(StoreUnavailable, match="not a database"):
        SqlUserStore(open_engine(f"sqlite:///{file}")).by_id("x")


def test_programming_error_is_not_reported_as_an_unavailable_store(engine: Engine) -> None:
    users = SqlUserStore(engine)
    with pytest.raises(exc.ProgrammingError):
        users.by_id(object())  # type: ignore[arg-type]
