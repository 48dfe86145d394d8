"""Changes of several stores that are all there afterwards, or none of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from flask_watchword.accounts.api_tokens import ApiTokenStore
from flask_watchword.accounts.audit import AuditLog
from flask_watchword.accounts.one_time_codes import CodeStore
from flask_watchword.accounts.outbox import Outbox
from flask_watchword.accounts.recovery_codes import RecoveryCodeStore
from flask_watchword.accounts.totp import TotpStore
from flask_watchword.accounts.user_store import UserStore

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class AccountStores:
    """All that belongs to accounts, in one place.

    Attributes:
        users: who has an account.
        codes: codes that were sent by mail.
        totp: authenticators.
        recovery_codes: codes for who has lost one.
        machine_tokens: tokens for programs.
        outbox: mail that has to be sent.
        audit: what happened. In a change it comes last: who appends makes all others who append
            wait until the change is over.
    """

    users: UserStore
    codes: CodeStore
    totp: TotpStore
    recovery_codes: RecoveryCodeStore
    api_tokens: ApiTokenStore
    outbox: Outbox
    audit: AuditLog


class UnitOfWork(Protocol):
    """Makes changes of several stores one."""

    @property
    def stores(self) -> AccountStores:
        """Return the stores, each call of which is a change of its own."""

    def change(self, work: Callable[[AccountStores], _T]) -> _T:
        """Do work on stores whose changes count together, once it has returned.

        Where it raises nothing has changed. It may be done several times, each from the start,
        where others were in the way: it must have no effect but on these stores.
        """
