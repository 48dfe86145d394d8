"""The repositories of accounts in a SQL database, and transactions over them."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Engine

from flask_watchword.accounts.transaction import Repositories, Repository
from flask_watchword.infra.sql.api_tokens import SqlApiTokenStore
from flask_watchword.infra.sql.audit import SqlAuditLog
from flask_watchword.infra.sql.codes import SqlCodeStore
from flask_watchword.infra.sql.outbox import SqlOutbox
from flask_watchword.infra.sql.transactions import EngineOrConnection, engine_database
from flask_watchword.infra.sql.users import SqlUserStore
from flask_watchword.keys.encryption import Encryptor

_T = TypeVar("_T")

#: Makes a repository over an engine, or over the connection of a transaction.
RepositoryFactory: TypeAlias = Callable[[EngineOrConnection, Encryptor], Any]


class SqlAccounts:
    """Accounts in a database whose schema is in place.

    Args:
        engine: what ``open_engine`` returned.
        encryptor: encrypts what the database must not be able to read.
        of_features: makes the repositories of the features.
    """

    def __init__(
        self,
        engine: Engine,
        encryptor: Encryptor,
        of_features: Mapping[Repository[Any], RepositoryFactory],
    ) -> None:
        self._engine = engine
        self._encryptor = encryptor
        self._of_features = of_features
        self._repositories = self._repositories_at(engine)

    @property
    def repositories(self) -> Repositories:
        """Return repositories that run each call in a transaction of its own."""
        return self._repositories

    def run(self, work: Callable[[Repositories], _T]) -> _T:
        """Run work in one transaction, which is committed when the work returns.

        Raises:
            StoreUnavailable: when the database does not answer.
        """
        return engine_database(self._engine).transact(
            lambda transaction: work(self._repositories_at(transaction))
        )

    def _repositories_at(self, place: EngineOrConnection) -> Repositories:
        made = {key: make(place, self._encryptor) for key, make in self._of_features.items()}
        return Repositories(
            users=SqlUserStore(place),
            codes=SqlCodeStore(place),
            api_tokens=SqlApiTokenStore(place),
            outbox=SqlOutbox(place, self._encryptor),
            audit_log=SqlAuditLog(place),
            of_features=made,
            connection=None if isinstance(place, Engine) else place,
        )
