"""Empty stores for one test."""

import atexit
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine

from flask_watchword.accounts.transaction import Database, Repositories
from flask_watchword.accounts.user_store import UserStore
from flask_watchword.infra.memory_sessions import MemorySessionStore
from flask_watchword.infra.sql.account_stores import SqlAccounts
from flask_watchword.infra.sql.cleanup import SqlCleanup
from flask_watchword.infra.sql.engine import open_engine
from flask_watchword.infra.sql.schema import upgrade_schema
from flask_watchword.keys.encryption import Encryptor
from flask_watchword.service.context import Stores
from flask_watchword.service.features.table import FEATURES
from flask_watchword.sessions.store import SessionStore
from tests.memory_stores.keys import MemoryKeyStore
from tests.memory_stores.rate_limits import MemoryRateLimitStore
from tests.memory_stores.users import MemoryUserStore

_T = TypeVar("_T")
_SEALER = Encryptor([b"k" * 32])


class AroundUsers:
    """Accounts in a database with a different user store, for example one that fails."""

    def __init__(self, accounts: Database, users: UserStore) -> None:
        self._accounts = accounts
        self._users = users
        self.repositories = replace(accounts.repositories, users=users)

    def run(self, work: Callable[[Repositories], _T]) -> _T:
        return self._accounts.run(lambda found: work(replace(found, users=self._users)))


def stores_around(users: UserStore | None = None, sessions: SessionStore | None = None) -> Stores:
    """Return new stores, with the given accounts or sessions in place of the defaults."""
    engine = _empty_engine()
    return Stores(
        accounts=AroundUsers(accounts_at(engine), users or MemoryUserStore()),
        rate_limits=MemoryRateLimitStore(),
        sessions=sessions or MemorySessionStore(),
        keys=MemoryKeyStore(),
        cleanup=SqlCleanup(engine),
    )


def empty_accounts() -> SqlAccounts:
    """Return accounts in a new SQLite file."""
    return accounts_at(_empty_engine())


def accounts_at(engine: Engine) -> SqlAccounts:
    """Return the accounts of a database, with the repositories of every feature."""
    made = {key: make for one in FEATURES for key, make in one.repositories.items()}
    return SqlAccounts(engine, _SEALER, made)


def _empty_engine() -> Engine:
    with tempfile.NamedTemporaryFile(dir=_folder(), suffix=".db", delete=False) as file:
        file.write(_empty_database())
    return open_engine(f"sqlite:///{file.name}")


@cache
def _folder() -> str:
    folder = tempfile.mkdtemp(prefix="watchword-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _empty_database() -> bytes:
    # Created once, because the migrations take longer than most tests.
    file = Path(_folder()) / "empty.db"
    engine = open_engine(f"sqlite:///{file}")
    upgrade_schema(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return file.read_bytes()
