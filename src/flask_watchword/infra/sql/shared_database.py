"""Users and sessions in one database: one statement or transaction for both."""

from flask_watchword.accounts.rate_limits import RateLimitStore
from flask_watchword.accounts.users import User
from flask_watchword.infra.sql.driver_transaction import DriverTransaction
from flask_watchword.infra.sql.rate_limits import SqlRateLimitStore
from flask_watchword.infra.sql.sessions import SqlSessionStore
from flask_watchword.infra.sql.users import user_of
from flask_watchword.sessions.requester import Requester
from flask_watchword.sessions.session import Lifetimes, Session


class SqlSharedDatabase:
    """See :class:`~flask_watchword.service.shared_database.SharedDatabase`.

    Args:
        sessions: the sessions, in the database of the accounts.
        has_rate_limits: whether the rate limits are in this database too.
    """

    def __init__(self, sessions: SqlSessionStore, *, has_rate_limits: bool) -> None:
        self._sessions = sessions
        self.has_rate_limits = has_rate_limits

    def rotate(
        self,
        session_id: str,
        generation: int,
        now: float,
        lifetimes: Lifetimes,
        requester: Requester,
    ) -> tuple[Session, User | None] | None:
        """Rotate a session, and return it with its user."""
        rotated = self._sessions.rotate_with_user(session_id, generation, now, lifetimes, requester)
        if rotated is None:
            return None
        session, row = rotated
        return session, None if row[0] is None else user_of(row)

    def start(
        self, connection: object, session: Session, limit: int | None, lifetimes: Lifetimes
    ) -> list[Session]:
        """Store a session in a transaction of the accounts."""
        return self._sessions.start_in(_sql(connection), session, limit, lifetimes)

    def announce(self, ended: list[Session]) -> None:
        """Tell other processes that a transaction that ended sessions is committed."""
        self._sessions.announce(ended)

    def rate_limits_in(self, connection: object) -> RateLimitStore:
        """Return the rate limits in a transaction of the accounts."""
        return SqlRateLimitStore(_sql(connection))


def _sql(connection: object) -> DriverTransaction:
    if not isinstance(connection, DriverTransaction):
        raise TypeError("this needs a transaction of the accounts")
    return connection
