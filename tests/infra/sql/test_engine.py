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
def test_a_connection_is_prepared(engine: Engine, pragma: str, value: str | int) -> None:
    with reading(engine) as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_a_new_file_is_opened_while_another_process_writes_its_first_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "new.db"
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("time.sleep", lambda _seconds: other.rollback())
    with reading(open_engine(f"sqlite:///{file}")) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    other.close()


def test_a_new_file_that_stays_locked_is_an_unavailable_store(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with (
        pytest.raises(StoreUnavailable, match="locked"),
        reading(open_engine(f"sqlite:///{file}", busy_seconds=0.0)),
    ):
        pass
    other.close()


def test_a_write_holds_the_lock_from_its_start(engine: Engine) -> None:
    with writing(engine), pytest.raises(StoreUnavailable), writing(impatient(engine)):
        pass


def test_readers_go_on_while_one_writes(engine: Engine) -> None:
    users = SqlUserStore(impatient(engine))
    with writing(engine) as connection:
        connection.exec_driver_sql("DELETE FROM watchword_users")
        assert users.by_id(ADA.id) is None


def test_a_write_that_fails_half_way_leaves_nothing(engine: Engine) -> None:
    users = SqlUserStore(engine)
    users.add(ADA)

    def delete_and_fail() -> None:
        with writing(engine) as connection:
            connection.exec_driver_sql("DELETE FROM watchword_users")
            raise LookupError

    with pytest.raises(LookupError):
        delete_and_fail()
    assert users.by_id(ADA.id) == ADA


def test_a_locked_database_is_an_unavailable_store(engine: Engine) -> None:
    with writing(engine), pytest.raises(StoreUnavailable, match="locked"):
        SqlUserStore(impatient(engine)).add(ADA)


def test_a_database_without_schema_is_an_unavailable_store(tmp_path: Path) -> None:
    users = SqlUserStore(open_engine(f"sqlite:///{tmp_path}/empty.db"))
    with pytest.raises(StoreUnavailable, match="no such table"):
        users.ping()


def test_a_file_that_is_no_database_is_an_unavailable_store(tmp_path: Path) -> None:
    file = tmp_path / "noise.db"
    file.write_bytes(b"this is no database " * 500)
    with pytest.raises(StoreUnavailable, match="not a database"):
        SqlUserStore(open_engine(f"sqlite:///{file}")).by_id("x")


def test_an_error_of_our_own_is_not_passed_off_as_an_unavailable_store(engine: Engine) -> None:
    users = SqlUserStore(engine)
    with pytest.raises(exc.ProgrammingError):
        users.by_id(object())  # type: ignore[arg-type]
