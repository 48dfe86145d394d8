"""Start the session of a login whose factors are verified."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask_watchword.accounts.rate_limits import Attempt, RateLimitStore, login_succeeded
from flask_watchword.accounts.transaction import Transaction
from flask_watchword.accounts.users import User
from flask_watchword.clock import system_clock
from flask_watchword.extension.sessions.session_context import SessionContext, TokenPair
from flask_watchword.extension.sessions.starting import prepare_session, publish_start
from flask_watchword.service.authentication.invalid_credentials import InvalidCredentials
from flask_watchword.service.authentication.login_limits import login_limits
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.rate_limiting import transaction_with_limits
from flask_watchword.service.shared_database import SharedDatabase
from flask_watchword.service.tokens import AuthenticationContext
from flask_watchword.sessions.session import Session


@dataclass(frozen=True, slots=True)
class Login:
    """A login whose factors are verified.

    Attributes:
        context: the service.
        user: the user, as stored when the factors were verified.
        methods: the verified factors, by their names in RFC 8176.
        attempt: the counted attempt.
        authentication: what the tokens are created for.
    """

    context: ServiceContext
    user: User
    methods: tuple[str, ...]
    attempt: Attempt
    authentication: AuthenticationContext = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "authentication", AuthenticationContext(self.user, self.methods))

    def record(self, tx: Transaction, session: Session, ended: Sequence[Session]) -> None:
        """Write the audit entries, unless the user has changed since the factors were verified.

        Called after the session is stored. A request that disables the user or changes the password
        ends all sessions afterwards, but not one that is started later with a factor that was
        verified before. A rejection here ends that one, and also a session whose token would claim
        a role or a scope that was removed since.

        Raises:
            InvalidCredentials: when the account has changed.
        """
        now = tx.users.by_id(self.user.id)
        if now is None or not _is_same(self.user, now) or not self._has_every_factor(tx):
            raise InvalidCredentials(self.context)
        tx.audit("login", self.user.id, session.id, methods=" ".join(self.methods))
        if ended:
            tx.audit("oldest_sessions_ended", self.user.id, session.id, ended=len(ended))

    def count(self, rate_limits: RateLimitStore) -> None:
        """Refund the attempt as a failure, and trust the address of the client."""
        limits = login_limits(self.context.limits)
        login_succeeded(rate_limits, self.attempt, system_clock(), limits)

    def _has_every_factor(self, tx: Transaction) -> bool:
        # Checked again at the end of every login: a factor may have been added since.
        if any(factor.amr in self.methods for factor in self.context.factors):
            return True
        return not self.context.has_factor_in(tx.repositories, self.user.id)


def start_together(login: Login, shared: SharedDatabase) -> TokenPair:
    """Store the session, the audit entry and the counts in one transaction.

    Raises:
        InvalidCredentials: when the account has changed since the factors were verified.
    """
    work = SessionContext()
    session = prepare_session(work, login.user.id, login.context.client_address)
    # Before the transaction, so that nothing fails after its commit.
    pair = work.token_pair(session, login.authentication, True, None)

    def start(tx: Transaction) -> list[Session]:
        connection = tx.repositories.connection
        ended = shared.start(connection, session, work.options.limit, work.lifetimes)
        login.record(tx, session, ended)
        return ended

    ended = transaction_with_limits(login.context, start, login.count)
    shared.announce(ended)
    publish_start(work, session, ended)
    return pair


def start_apart(login: Login) -> TokenPair:
    """Store the session in its own store first, and end it again if the login is rejected.

    Raises:
        InvalidCredentials: when the account has changed since the factors were verified.
    """
    work = SessionContext()
    session = prepare_session(work, login.user.id, login.context.client_address)
    pair = work.token_pair(session, login.authentication, True, None)
    ended = work.store.start(session, work.options.limit, work.lifetimes)
    publish_start(work, session, ended)
    try:
        login.context.transaction(lambda tx: login.record(tx, session, ended))
    except BaseException:
        login.context.sessions.end(session.id)
        raise
    login.count(login.context.stores.rate_limits)
    return pair


def _is_same(user: User, now: User) -> bool:
    return (
        now.version == user.version
        and not now.is_disabled
        and user.roles <= now.roles
        and user.scopes <= now.scopes
    )
