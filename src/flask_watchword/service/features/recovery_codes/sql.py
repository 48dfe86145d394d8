"""Recovery codes in a SQL database."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, func, insert, select

from flask_watchword.accounts.reencryption import ReencryptionResult
from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.driver import Statements
from flask_watchword.infra.sql.transactions import EngineOrConnection, database_at
from flask_watchword.keys.encryption import Encryptor

_codes = tables.recovery_codes.c

_of_this_user = _codes.user_id == bindparam("this_user")

_FORGET_CODES = delete(tables.recovery_codes).where(_of_this_user)

_ADD_CODE = insert(tables.recovery_codes)

_USE_CODE = delete(tables.recovery_codes).where(
    _of_this_user, _codes.code_hash == bindparam("digest")
)

_CODES_LEFT = select(func.count()).select_from(tables.recovery_codes).where(_of_this_user)


class SqlRecoveryCodeStore:
    """Recovery codes in a database whose schema is in place.

    Args:
        place: an engine, or the connection of a transaction to take part in.
    """

    def __init__(self, place: EngineOrConnection, _encryptor: Encryptor) -> None:
        self._database = database_at(place)

    def replace(self, user_id: str, digests: Sequence[str]) -> None:
        """Replace all codes of a user."""

        def work(statements: Statements) -> None:
            statements.count(_FORGET_CODES, {"this_user": user_id})
            for digest in digests:
                statements.count(_ADD_CODE, {"user_id": user_id, "code_hash": digest})

        self._database.transact(work)

    def use(self, user_id: str, digest: str) -> bool:
        """Delete a code; return whether it existed."""
        values = {"this_user": user_id, "digest": digest}
        return self._database.count(_USE_CODE, values) == 1

    def left(self, user_id: str) -> int:
        """Return the number of unused codes."""
        ((left,),) = self._database.rows(_CODES_LEFT, {"this_user": user_id})
        return int(left)

    def forget_user(self, user_id: str) -> None:
        """Delete the codes of a user who is being deleted."""
        self.replace(user_id, [])

    def reencrypt(self) -> ReencryptionResult:
        """Return that there is nothing to encrypt: only hashes are stored."""
        return ReencryptionResult()
