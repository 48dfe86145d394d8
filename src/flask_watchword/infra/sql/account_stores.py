"""All stores of accounts over one database, and changes of several of them as one transaction."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Engine

from flask_watchword.accounts.transaction import AccountStores
from flask_watchword.infra.sql.api_tokens import SqlApiTokenStore
from flask_watchword.infra.sql.audit import SqlAuditLog
from flask_watchword.infra.sql.codes import SqlCodeStore
from flask_watchword.infra.sql.factors import SqlRecoveryCodeStore, SqlTotpStore
from flask_watchword.infra.sql.outbox import SqlOutbox
from flask_watchword.infra.sql.transactions import EngineOrConnection, transact
from flask_watchword.infra.sql.users import SqlUserStore
from flask_watchword.keys.encryption import Encryptor

_T = TypeVar("_T")


class SqlUnitOfWork:
    """The stores of accounts in a database whose schema is in place.

    Args:
        engine: what ``open_engine`` returned.
        encryptor: hides what the database must not be able to read.
    """

    def __init__(self, engine: Engine, encryptor: Encryptor) -> None:
        self._engine = engine
        self._encryptor = encryptor
        self._stores = _stores_in(engine, encryptor)

    @property
    def stores(self) -> AccountStores:
        """Return the stores, each call of which is a transaction of its own."""
        return self._stores

    def change(self, work: Callable[[AccountStores], _T]) -> _T:
        """Do work in one transaction.

        Raises:
            StoreUnavailable: when the database does not answer.
        """
        encryptor = self._encryptor
        return transact(self._engine, lambda connection: work(_stores_in(connection, encryptor)))


def _stores_in(place: EngineOrConnection, encryptor: Encryptor) -> AccountStores:
    return AccountStores(
        users=SqlUserStore(place),
        codes=SqlCodeStore(place),
        totp=SqlTotpStore(place, encryptor),
        recovery_codes=SqlRecoveryCodeStore(place),
        api_tokens=SqlApiTokenStore(place),
        outbox=SqlOutbox(place, encryptor),
        audit=SqlAuditLog(place),
    )
