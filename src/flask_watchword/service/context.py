"""The objects that endpoints and flows use, created once for each application."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar, cast

from flask import Flask, current_app

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.audit import Detail
from flask_watchword.accounts.cleanup import CleanupStore
from flask_watchword.accounts.hash_shares import HashShares
from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.rate_limit_declarations import Limits
from flask_watchword.accounts.rate_limits import RateLimitStore
from flask_watchword.accounts.transaction import Database, Repositories, Transaction
from flask_watchword.accounts.user_store import UserStore
from flask_watchword.accounts.users import User
from flask_watchword.clock import system_clock
from flask_watchword.extension.sessions.api import Sessions
from flask_watchword.keys.store import KeyStore
from flask_watchword.service.authentication.factor import Factor
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.end_access import end_access
from flask_watchword.service.finished_requests import FinishedRequests
from flask_watchword.service.logs.access_log import AccessLog
from flask_watchword.service.mail.mailing import Mailing
from flask_watchword.service.metrics import Metrics
from flask_watchword.service.origin_check import OriginCheck
from flask_watchword.service.request_source import request_address, request_source
from flask_watchword.service.shared_database import SharedDatabase
from flask_watchword.service.signing.live_keyring import LiveKeyring
from flask_watchword.sessions.store import SessionStore

_KEY = "watchword_service"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of the service.

    Attributes:
        accounts: the accounts, with their e-mail and the audit log.
        rate_limits: the counters of the rate limits. They are not part of transactions: an attempt
            counts although its request fails.
        sessions: the sessions and the revocations.
        keys: the signing keys.
        cleanup: deletes what has expired.
        shared: does what involves accounts and sessions at once, if one database has both.
        close_others: closes the connections of all stores but ``sessions``.
    """

    accounts: Database
    rate_limits: RateLimitStore
    sessions: SessionStore
    keys: KeyStore
    cleanup: CleanupStore
    shared: SharedDatabase | None = None
    close_others: Callable[[], None] = lambda: None

    def stop_waiting(self) -> None:
        """Wake a thread that waits for a change of the sessions."""
        self.sessions.stop_waiting()

    def close(self) -> None:
        """Close every connection."""
        self.sessions.close()
        self.close_others()

    @property
    def users(self) -> UserStore:
        """Return the users, with a transaction for each call."""
        return self.accounts.repositories.users


@dataclass(frozen=True, slots=True)
class ServiceContext:
    """The objects that endpoints use. Every view gets it as its first argument.

    Attributes:
        settings: the settings of the service.
        stores: the stores of the service.
        sessions: starts, refreshes and ends sessions.
        passwords: hashes and verifies passwords.
        keys: the signing keys.
        mailing: sends e-mail.
        origins: checks which pages can send requests with cookies.
        description: the OpenAPI document.
        metrics: the counters for Prometheus.
        finished: finished requests that are not counted or logged yet.
        access_log: writes the lines of requests.
        hash_shares: limits the share of the hashing of each client.
        factors: the second factors of the features.
        login_checks: further checks of a login whose password is right.
        code_lifetimes: the lifetimes of one-time codes in seconds, by the name of their purpose.
    """

    settings: Settings
    stores: Stores
    sessions: Sessions
    passwords: Passwords
    keys: LiveKeyring
    mailing: Mailing
    origins: OriginCheck
    description: bytes
    metrics: Metrics
    finished: FinishedRequests
    access_log: AccessLog
    hash_shares: HashShares
    factors: Sequence[Factor]
    code_lifetimes: Mapping[str, float]
    login_checks: Sequence["LoginCheck"]

    @property
    def limits(self) -> Limits:
        """Return the rate limits of the settings."""
        return self.settings.limits

    @property
    def client_address(self) -> str:
        """Return the IP address of the client of the current request."""
        return request_address(self.settings.trusted_proxies)

    @property
    def repositories(self) -> Repositories:
        """Return the tables of accounts, with a transaction for each call."""
        return self.stores.accounts.repositories

    @property
    def accounts(self) -> Accounts:
        """Return the objects that flows use, for the current request."""
        settings = self.settings
        return Accounts(
            database=self.stores.accounts,
            mailer_for=self.mailing.mailer,
            passwords=self.passwords,
            source=request_source(settings.trusted_proxies),
            clock=system_clock,
            lifetimes=self.code_lifetimes,
            service_name=settings.service_name,
            min_password_characters=settings.min_password_characters,
            has_second_factor=self.has_factor_in,
            end_access=partial(end_access, self.sessions, self.stores.accounts),
            after_commit=self.mailing.wake,
        )

    def transaction(self, work: Callable[[Transaction], _T]) -> _T:
        """Run work in one transaction, commit it and send its e-mail.

        When the work raises, nothing is changed. It can be run several times, each from its start.

        Raises:
            StoreUnavailable: when the database does not answer.
        """
        return self.accounts.transaction(work)

    def audit(
        self,
        event: str,
        subject: str | None = None,
        session: str | None = None,
        /,
        **detail: Detail,
    ) -> None:
        """Add one entry to the audit log; takes what :meth:`Transaction.audit` takes."""
        self.accounts.audit(lambda tx: tx.audit(event, subject, session, **detail))

    def has_second_factor(self, user: User) -> bool:
        """Return whether a login of the user needs a second factor."""
        return self.has_factor_in(self.repositories, user.id)

    def has_factor_in(self, repositories: Repositories, user_id: str) -> bool:
        """Return whether a user has a second factor, by the repositories of a transaction."""
        return any(
            factor.is_enrolled(repositories, user_id)
            for factor in self.factors
            if not factor.is_backup
        )


#: Gets the context, the user and the password; raises ``Rejected`` to reject the login.
LoginCheck: TypeAlias = Callable[[ServiceContext, User, str], None]


def install_context(app: Flask, context: ServiceContext) -> None:
    """Store the context in its application."""
    app.extensions[_KEY] = context


def has_context(app: Flask) -> bool:
    """Tell whether the service was added to the application already."""
    return _KEY in app.extensions


def context_of(app: Flask) -> ServiceContext:
    """Return the context of an application."""
    return cast(ServiceContext, app.extensions[_KEY])


def service_context() -> ServiceContext:
    """Return the context of the current application, for commands and servers around it."""
    return context_of(current_app)
