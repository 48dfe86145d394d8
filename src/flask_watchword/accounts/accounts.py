"""``Accounts``: the transactions, passwords and rules that the flows of features use."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from flask_watchword.accounts.notifications import Mailer, NullMailer
from flask_watchword.accounts.one_time_codes import CodeStore
from flask_watchword.accounts.outbox import Outbox
from flask_watchword.accounts.password_policy import MIN_PASSWORD_CHARACTERS, check_new_password
from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.transaction import Database, Repositories, Source, Transaction
from flask_watchword.accounts.user_store import UserStore
from flask_watchword.accounts.users import User
from flask_watchword.clock import Clock, system_clock

_T = TypeVar("_T")


class EndAccess(Protocol):
    """Ends the sessions and access tokens of a user around a change."""

    def __call__(
        self, user_id: str, *, keep_current: bool = False
    ) -> contextlib.AbstractContextManager[list[str]]:
        """Return a context manager: access ends when it is entered, and once more at its end.

        It ends before the change, so that nothing changes while access cannot be ended; and after
        it, for sessions that were started in between with the old credentials.

        It yields a list for the ids of further subjects whose access ends after the change. A
        change that deletes the user adds the clients of the user, which cannot be found then.
        """


def _no_second_factor(_repositories: Repositories, _user_id: str) -> bool:
    return False


def _no_access(
    user_id: str, *, keep_current: bool = False
) -> contextlib.AbstractContextManager[list[str]]:
    del user_id, keep_current
    return contextlib.nullcontext([])


def _no_mailer(_outbox: Outbox) -> Mailer:
    raise RuntimeError("no mailer is configured")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """The transactions, passwords and rules that the flows of features use.

    Attributes:
        database: opens transactions.
        mailer_for: returns the mailer that puts e-mail into the outbox of a transaction.
        passwords: hashes and verifies passwords.
        source: the request or command that causes the changes.
        clock: the time in seconds since the epoch.
        lifetimes: lifetimes of one-time codes in seconds, by the name of their purpose, where a
            setting differs from the default.
        service_name: the name of the service; no password may consist of it.
        min_password_characters: the minimum length of a password that is the only factor.
        has_second_factor: returns whether a user has a second factor; then a shorter password is
            accepted.
        end_access: ends the sessions and access tokens of a user around a change.
        after_commit: called after each commit of a transaction that queued e-mail or a decoy.
    """

    database: Database
    passwords: Passwords
    mailer_for: Callable[[Outbox], Mailer] = _no_mailer
    source: Source = field(default_factory=Source)
    clock: Clock = system_clock
    lifetimes: Mapping[str, float] = field(default_factory=dict)
    service_name: str = "Watchword"
    min_password_characters: int = MIN_PASSWORD_CHARACTERS
    has_second_factor: Callable[[Repositories, str], bool] = _no_second_factor
    end_access: EndAccess = _no_access
    after_commit: Callable[[], None] = lambda: None

    @property
    def repositories(self) -> Repositories:
        """Return the tables of accounts, outside of a transaction."""
        return self.database.repositories

    @property
    def users(self) -> UserStore:
        """Return the users, outside of a transaction."""
        return self.repositories.users

    @property
    def codes(self) -> CodeStore:
        """Return the one-time codes, outside of a transaction."""
        return self.repositories.codes

    def transaction(self, work: Callable[[Transaction], _T], *, send_email: bool = True) -> _T:
        """Run work in one transaction and commit it.

        Passwords are hashed before it begins: a hash takes long, and other writers wait.

        Args:
            work: the changes; when it raises, nothing is changed. It can be run several times.
            send_email: whether e-mails are sent; if not, the same steps are done at the same cost.

        Raises:
            StoreUnavailable: when the database does not answer.
        """
        queues_mail = False

        def mailer_for(outbox: Outbox) -> Mailer:
            nonlocal queues_mail
            queues_mail = True
            mailer = self.mailer_for(outbox)
            return mailer if send_email else NullMailer(mailer)

        def run(repositories: Repositories) -> _T:
            tx = Transaction(repositories, mailer_for, self.clock, self.source, self.lifetimes)
            done = work(tx)
            tx.append_entries()
            return done

        done = self.database.run(run)
        if queues_mail:
            self.after_commit()
        return done

    def audit(self, record: Callable[[Transaction], None]) -> None:
        """Append audit entries that belong to no other change.

        The append is a transaction already; another one around it would add 0.3 ms to a login.

        Args:
            record: calls :meth:`Transaction.audit`, and nothing else.
        """
        tx = Transaction(
            self.repositories, self.mailer_for, self.clock, self.source, self.lifetimes
        )
        record(tx)
        tx.append_entries()

    def hash_new_password(self, user: User | None, email: str, password: str) -> str:
        """Return the hash of a new password that the policy accepts.

        Args:
            user: the user who gets it; ``None`` for a new one.
            email: the e-mail address of the account.
            password: the new password.

        Raises:
            UnacceptablePassword: when the policy rejects it; nothing was hashed then.
            HasherOverloaded: when no CPU core became free in time.
        """
        check_new_password(
            password,
            about=(email, self.service_name),
            second_factor=user is not None and self.has_second_factor(self.repositories, user.id),
            least=self.min_password_characters,
        )
        return self.passwords.hash(password)
