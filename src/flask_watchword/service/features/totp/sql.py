"""Authenticators in a SQL database."""

import logging

from sqlalchemy import Engine, bindparam, delete, select, text, update

from flask_watchword.accounts.reencryption import ReencryptionResult
from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.reencryption import reencrypt_column
from flask_watchword.infra.sql.transactions import EngineOrConnection, database_at
from flask_watchword.keys.encryption import DecryptionFailed, Encryptor
from flask_watchword.service.features.totp.flow import Enrolment, UnreadableSecret

_logger = logging.getLogger(__name__)

_totp = tables.totp.c

_BEGIN = text("""
    INSERT INTO watchword_totp AS held (user_id, sealed_secret, created_at, last_step)
    VALUES (:user_id, :sealed_secret, :created_at, 0)
    ON CONFLICT (user_id) DO UPDATE
    SET sealed_secret = excluded.sealed_secret, created_at = excluded.created_at
    WHERE held.confirmed_at IS NULL
    RETURNING user_id
""")

_this_user = _totp.user_id == bindparam("this_user")

_GET = select(_totp.sealed_secret, _totp.created_at, _totp.confirmed_at, _totp.last_step).where(
    _this_user
)

_CONFIRM = (
    update(tables.totp)
    .where(_this_user, _totp.confirmed_at.is_(None), _totp.created_at == bindparam("begun_at"))
    .values(confirmed_at=bindparam("now"), last_step=bindparam("step"))
)

_USE_STEP = (
    update(tables.totp)
    .where(_this_user, _totp.confirmed_at.is_not(None), _totp.last_step < bindparam("step"))
    .values(last_step=bindparam("step"))
)

_HAS_FACTOR = select(_totp.user_id).where(_this_user, _totp.confirmed_at.is_not(None))

_IN_USE = select(_totp.user_id).where(_totp.confirmed_at.is_not(None)).limit(1)

_REMOVE = delete(tables.totp).where(_this_user)


class SqlTotpStore:
    """Authenticators in a database whose schema is in place.

    Args:
        place: an engine, or the connection of a transaction to take part in.
        encryptor: encrypts the secrets; each is bound to its user.
    """

    def __init__(self, place: EngineOrConnection, encryptor: Encryptor) -> None:
        self._place = place
        self._database = database_at(place)
        self._encryptor = encryptor

    def begin(self, enrolment: Enrolment) -> bool:
        """Store an unconfirmed authenticator, unless one is confirmed."""
        context = _context(enrolment.user_id)
        values = {
            "user_id": enrolment.user_id,
            "sealed_secret": self._encryptor.encrypt(enrolment.secret.encode(), context),
            "created_at": enrolment.created_at,
        }
        return bool(self._database.rows(_BEGIN, values))

    def get(self, user_id: str) -> Enrolment | None:
        """Return a user's authenticator, confirmed or not."""
        rows = self._database.rows(_GET, {"this_user": user_id})
        if not rows:
            return None
        ((sealed, created_at, confirmed_at, last_step),) = rows
        try:
            secret = self._encryptor.decrypt(sealed, _context(user_id)).decode()
        except DecryptionFailed as error:
            _logger.error("The secret of an authenticator cannot be decrypted: %s", error)
            raise UnreadableSecret from error
        return Enrolment(user_id, secret, created_at, confirmed_at, last_step)

    def confirm(self, user_id: str, created_at: float, step: int, now: float) -> bool:
        """Confirm the authenticator with this creation time."""
        values = {"this_user": user_id, "begun_at": created_at, "step": step, "now": now}
        return self._database.count(_CONFIRM, values) == 1

    def use_step(self, user_id: str, step: int) -> bool:
        """Use up a step and all earlier ones."""
        values = {"this_user": user_id, "step": step}
        return self._database.count(_USE_STEP, values) == 1

    def has_factor(self, user_id: str) -> bool:
        """Tell whether a user has a confirmed authenticator."""
        return bool(self._database.rows(_HAS_FACTOR, {"this_user": user_id}))

    def remove(self, user_id: str) -> bool:
        """Delete a user's authenticator."""
        values = {"this_user": user_id}
        return self._database.count(_REMOVE, values) == 1

    def forget_user(self, user_id: str) -> None:
        """Delete the authenticator of a user who is being deleted."""
        self.remove(user_id)

    def reencrypt(self) -> ReencryptionResult:
        """Re-encrypt every secret of another master key with the first one."""
        return reencrypt_column(
            self._place, self._encryptor, _totp.user_id, _totp.sealed_secret, _context
        )


def is_in_use(engine: Engine) -> bool:
    """Tell whether any user has a confirmed authenticator."""
    return bool(database_at(engine).rows(_IN_USE))


def _context(user_id: str) -> str:
    return f"totp:{user_id}"
