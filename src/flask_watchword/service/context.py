"""What the endpoints work with, built once per application."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from flask import Flask, current_app

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.cleanup import CleanupStore
from flask_watchword.accounts.hash_shares import HashShares
from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.rate_limit_table import RateLimits
from flask_watchword.accounts.rate_limits import RateLimitStore
from flask_watchword.accounts.transaction import AccountStores, UnitOfWork
from flask_watchword.accounts.user_store import UserStore
from flask_watchword.clock import system_clock
from flask_watchword.extension.sessions.api import Sessions
from flask_watchword.keys.store import KeyStore
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.mail.mailing import Mailing, code_lifetimes
from flask_watchword.service.metrics import Metrics
from flask_watchword.service.origin_check import OriginCheck
from flask_watchword.service.signing.live_keyring import LiveKeyring
from flask_watchword.sessions.store import SessionStore

_KEY = "watchword_service"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Stores:
    """Where everything is kept.

    Attributes:
        accounts: users, codes, second factors, mail and the audit log; several of them are
            changed as one.
        throttle: how often somebody has tried. It is no part of a change: a try counts although
            its request fails.
        sessions: who is logged in, and what was revoked.
        keys: what signs and verifies the tokens.
        upkeep: deletes what is over of accounts and tries.
        close_others: closes what is open beside the connections of ``sessions``.
    """

    accounts: UnitOfWork
    throttle: RateLimitStore
    sessions: SessionStore
    keys: KeyStore
    upkeep: CleanupStore
    close_others: Callable[[], None] = lambda: None

    def stop_waiting(self) -> None:
        """Have a thread that waits for a change of the sessions return soon."""
        self.sessions.stop_waiting()

    def close(self) -> None:
        """Close every connection."""
        self.sessions.close()
        self.close_others()

    @property
    def users(self) -> UserStore:
        """Return the accounts themselves, each call of which is a change of its own."""
        return self.accounts.stores.users


@dataclass(frozen=True, slots=True)
class ServiceContext:
    """The parts an endpoint may ask for.

    Attributes:
        origins: whose pages may act for who is logged in.
        description: of the API, as JSON.
        metrics: what is counted.
        hash_shares: how much of the hashing each client takes.
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
    hash_shares: HashShares

    @property
    def limits(self) -> RateLimits:
        """Return the rate limits of the settings."""
        return self.settings.limits

    def change(self, work: Callable[[AccountStores], _T]) -> _T:
        """Do work on stores whose changes count together; mail among them is sent then.

        Where it raises nothing has changed. It may be done several times, each from the start.
        """
        done = self.stores.accounts.change(work)
        self.mailing.wake()
        return done

    @property
    def accounts(self) -> Accounts:
        """Return what the flows of accounts work with, each call of a store a change of its own."""
        return self.accounts_in(self.stores.accounts.stores)

    def accounts_in(self, stores: AccountStores) -> Accounts:
        """Return what the flows of accounts work with, over the stores of one change."""
        return Accounts(
            users=stores.users,
            codes=stores.codes,
            api_tokens=stores.api_tokens,
            mailer=self.mailing.mailer(stores.outbox),
            passwords=self.passwords,
            clock=system_clock,
            lifetimes=code_lifetimes(self.settings),
            service_name=self.settings.service_name,
            has_second_factor=lambda user: stores.totp.has_factor(user.id),
            min_password_characters=self.settings.min_password_characters,
        )


def install_context(app: Flask, service_context: ServiceContext) -> None:
    """Make the components those of this application."""
    app.extensions[_KEY] = service_context


def has_context(app: Flask) -> bool:
    """Tell whether the service is part of an application already."""
    return _KEY in app.extensions


def service_context() -> ServiceContext:
    """Return the components of the current application."""
    return cast(ServiceContext, current_app.extensions[_KEY])
