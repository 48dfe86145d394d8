"""Users and sessions in one database: one statement or transaction for both."""

from typing import Protocol

from flask_watchword.accounts.rate_limits import RateLimitStore
from flask_watchword.accounts.users import User
from flask_watchword.sessions.requester import Requester
from flask_watchword.sessions.session import Lifetimes, Session


class SharedDatabase(Protocol):
    """A database that has the accounts and the sessions.

    The connection that its methods take is that of a transaction of the accounts:
    ``tx.repositories.connection``.

    Attributes:
        has_rate_limits: whether it has the rate limits as well.
    """

    has_rate_limits: bool

    def rotate(
        self,
        session_id: str,
        generation: int,
        now: float,
        lifetimes: Lifetimes,
        requester: Requester,
    ) -> tuple[Session, User | None] | None:
        """Do what :meth:`SessionStore.rotate` does, and return the user of the session as well.

        One statement. The user is ``None`` if it has been deleted.
        """

    def start(
        self, connection: object, session: Session, limit: int | None, lifetimes: Lifetimes
    ) -> list[Session]:
        """Do what :meth:`SessionStore.start` does in a transaction.

        A call of ``end_all`` for the subject waits until the transaction ends, and then ends this
        session too. So whatever the transaction reads after this call was true before any change
        that ends the sessions of the user afterwards.
        """

    def announce(self, ended: list[Session]) -> None:
        """Tell other processes about the sessions that a committed transaction has ended."""

    def rate_limits_in(self, connection: object) -> RateLimitStore:
        """Return the rate limits in a transaction, if the database has them."""
