"""The base of a repository with a few statements, for features of applications."""

from sqlalchemy import CursorResult, Executable

from flask_watchword.accounts.reencryption import ReencryptionResult
from flask_watchword.infra.sql.transactions import EngineOrConnection, transact
from flask_watchword.keys.encryption import Encryptor


class SqlRepository:
    """Run statements in the transaction of a change, or each in one of its own.

    A subclass adds its methods, among them ``forget_user``.

    Args:
        place: the database engine, or the connection of a transaction.
        encryptor: encrypts values that the database must not be able to read.
    """

    def __init__(self, place: EngineOrConnection, encryptor: Encryptor) -> None:
        self._place = place
        self._encryptor = encryptor

    def execute(self, statement: Executable) -> CursorResult[object]:
        """Execute a statement.

        Raises:
            StoreUnavailable: when the database does not answer.
        """
        return transact(self._place, lambda connection: connection.execute(statement))

    def reencrypt(self) -> ReencryptionResult:
        """Return that there is nothing to encrypt under a new master key."""
        return ReencryptionResult()
