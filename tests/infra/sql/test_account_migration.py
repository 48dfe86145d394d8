"""What the migration of accounts makes of users that were there before it."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL, Engine, text

from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.users import User
from flask_watchword.infra.sql.engine import open_engine, writing
from flask_watchword.infra.sql.run_migrations import SCRIPTS, run_steps
from flask_watchword.infra.sql.schema import upgrade_schema
from flask_watchword.infra.sql.users import SqlUserStore
from tests.servers.postgres import new_database

INSERT = text(
    "INSERT INTO watchword_users (id, email, email_key, password_hash, created_at)"
    " VALUES (:id, :email, :key, 'hash', 5.0)"
)

# As they were typed, and the keys that addresses had before.
OLDER = [
    ("1", "Ada@Example.com", "ada@example.com"),
    ("2", "Ren\u00c9@B\u00dcCHER.de", "ren\u00e9@b\u00fccher.de"),
    ("3", "eve@xn--bcher-kva.de", "eve@xn--bcher-kva.de"),
    ("4", "root@localhost", "root@localhost"),
    ("5", "bob@stra\u00dfe.de", "bob@strasse.de"),
]


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/older.db")
    Path(tmp_path, "older.db").touch()
    yield engine
    engine.dispose()


@pytest.fixture
def postgres(postgres_server: URL) -> Iterator[Engine]:
    with new_database(postgres_server, f"watchword_{uuid4().hex}") as url:
        engine = open_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.server)])
def older(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(request.param)
    migrate(engine, "0003")
    return engine


def migrate(engine: Engine, revision: str, *, down: bool = False) -> None:
    steps = SCRIPTS._downgrade_revs if down else SCRIPTS._upgrade_revs
    with writing(engine) as connection:
        run_steps(connection, lambda current, _: steps(revision, current))


def add(engine: Engine, rows: list[tuple[str, str, str]]) -> None:
    with writing(engine) as connection:
        for user_id, email, key in rows:
            connection.execute(INSERT, {"id": user_id, "email": email, "key": key})


def test_users_from_before_are_found_by_their_addresses(older: Engine) -> None:
    add(older, OLDER)
    upgrade_schema(older)
    users = SqlUserStore(older)
    for user_id, email, _ in OLDER:
        assert users.by_email(email_key(email)) == User(
            user_id, email, email_key(email), "hash", 5.0
        )


def test_of_two_accounts_of_one_mailbox_none_is_lost(older: Engine) -> None:
    twins = [
        ("1", "ada@b\u00fccher.de", "ada@b\u00fccher.de"),
        ("2", "ada@xn--bcher-kva.de", "ada@xn--bcher-kva.de"),
    ]
    add(older, twins)
    upgrade_schema(older)
    users = SqlUserStore(older)
    found = users.by_email(email_key("ada@b\u00fccher.de"))
    assert found is not None
    assert found.id == "2"
    assert users.by_id("1") is not None


def test_the_way_back_keeps_the_users(older: Engine) -> None:
    add(older, OLDER[:1])
    upgrade_schema(older)
    migrate(older, "0003", down=True)
    upgrade_schema(older)
    assert SqlUserStore(older).by_email("ada@example.com") is not None
