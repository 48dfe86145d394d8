"""Change accounts in one transaction: rows, e-mail and audit entries are committed together."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, cast

from flask_watchword.accounts.admins import NoSuchUser, refuse_last_admin
from flask_watchword.accounts.api_tokens import ApiTokenStore
from flask_watchword.accounts.audit import AuditLog, Detail, Event, new_event
from flask_watchword.accounts.emails import email_key, mailbox
from flask_watchword.accounts.notifications import Mailer, Notification
from flask_watchword.accounts.one_time_codes import (
    CodeStore,
    InvalidCode,
    OneTimeCode,
    Purpose,
    code_digest,
    new_code,
)
from flask_watchword.accounts.outbox import Outbox
from flask_watchword.accounts.reencryption import ReencryptionResult
from flask_watchword.accounts.user_store import UserStore
from flask_watchword.accounts.users import User
from flask_watchword.clock import Clock

_T = TypeVar("_T")


class FeatureRepository(Protocol):
    """A repository that a feature adds: its rows belong to users."""

    def forget_user(self, user_id: str) -> None:
        """Delete every row of a user who is being deleted."""

    def reencrypt(self) -> ReencryptionResult:
        """Encrypt each value under the first master key that is encrypted under another one.

        A repository without encrypted values returns ``ReencryptionResult()``. Each value is
        committed by itself, beside requests.
        """


_R = TypeVar("_R", bound=FeatureRepository)


class Repository(Generic[_R]):
    """The key of a repository that a feature adds to every transaction.

    Args:
        name: for messages and debugging.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"Repository({self.name!r})"


@dataclass(frozen=True, slots=True)
class Repositories:
    """The repositories of accounts: in one transaction, or with a transaction for each call.

    Attributes:
        users: the users.
        codes: the one-time codes that were e-mailed.
        api_tokens: API keys and clients.
        outbox: the queued e-mail.
        audit_log: the audit log. :class:`Transaction` writes to it; others only read.
        of_features: the repositories of the features.
        connection: the connection of the transaction, for other stores in the same database;
            ``None`` outside of a transaction.
    """

    users: UserStore
    codes: CodeStore
    api_tokens: ApiTokenStore
    outbox: Outbox
    audit_log: AuditLog
    of_features: Mapping[Repository[Any], FeatureRepository] = field(default_factory=dict)
    connection: object | None = None

    def get(self, repository: Repository[_R]) -> _R:
        """Return a repository of a feature.

        Raises:
            KeyError: when the feature is left out of this service.
        """
        return cast(_R, self.of_features[repository])


class Database(Protocol):
    """Opens transactions over the repositories."""

    @property
    def repositories(self) -> Repositories:
        """Return repositories that run each call in a transaction of its own."""

    def run(self, work: Callable[[Repositories], _T]) -> _T:
        """Run work in one transaction, which is committed when the work returns.

        When the work raises, nothing is changed. After a conflict with another transaction the
        work is run again from its start, so it must change nothing but these repositories.

        Raises:
            StoreUnavailable: when the database does not answer.
        """


@dataclass(frozen=True, slots=True)
class Source:
    """The request or the command that causes a change, for the audit log.

    Attributes:
        session: the session of the token of the request; empty without one.
        address: the IP address of the client; empty for a command.
        agent: the User-Agent header of the request.
    """

    session: str = ""
    address: str = ""
    agent: str = ""


class Transaction:
    """The repositories and methods of one change, committed together or not at all.

    Attributes:
        users: the users.
        codes: the one-time codes that were e-mailed.
        api_tokens: API keys and clients.
    """

    __slots__ = (
        "_clock",
        "_events",
        "_lifetimes",
        "_mailer_for",
        "_repositories",
        "_source",
        "api_tokens",
        "codes",
        "users",
    )

    def __init__(
        self,
        repositories: Repositories,
        mailer_for: Callable[[Outbox], Mailer],
        clock: Clock,
        source: Source,
        lifetimes: Mapping[str, float],
    ) -> None:
        self.users = repositories.users
        self.codes = repositories.codes
        self.api_tokens = repositories.api_tokens
        self._repositories = repositories
        self._mailer_for = mailer_for
        self._clock = clock
        self._source = source
        self._lifetimes = lifetimes
        self._events: list[Event] = []

    @property
    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        return self._clock()

    @property
    def repositories(self) -> Repositories:
        """Return the repositories of the transaction, for what only reads."""
        return self._repositories

    def get(self, repository: Repository[_R]) -> _R:
        """Return a repository of a feature."""
        return self._repositories.get(repository)

    def audit(
        self,
        event: str,
        subject: str | None = None,
        session: str | None = None,
        /,
        **detail: Detail,
    ) -> None:
        """Add an entry to the audit log. There is no other way to write to the log.

        Entries are appended just before the commit: an append holds the lock of the log, for which
        every other writer waits.

        Args:
            event: the name of the event, which is part of the API.
            subject: the id of the affected user; ``None`` if there is none.
            session: the affected session; that of the request by default.
            detail: further data, never a secret.
        """
        source = self._source
        facts: dict[str, Any] = dict(detail)
        self._events.append(
            new_event(
                event,
                self._clock(),
                subject=subject or "",
                session=source.session if session is None else session,
                address=source.address,
                agent=source.agent,
                **facts,
            )
        )

    def notify(
        self,
        kind: str,
        user: User | None,
        *,
        about: str = "",
        items: tuple[Mapping[str, str], ...] = (),
    ) -> None:
        """E-mail a notification to a user; a disabled user gets none.

        Args:
            kind: the kind of notification.
            user: the recipient; ``None`` costs the same time and sends nothing.
            about: the subject of the message, as in :class:`Notification`.
            items: the items that the message lists, each with the values that the template shows.
        """
        if user is None or user.is_disabled:
            self._mailer.send_nothing()
        else:
            self._mailer.send(Notification(kind, mailbox(user.email), about=about, items=items))

    def mail_code(self, user: User, purpose: Purpose, email: str) -> None:
        """E-mail a new code to an e-mail address; it replaces an older code of the same purpose."""
        text, code = self._new_code(user, purpose, email)
        self.codes.put(code)
        to = mailbox(email)
        self._mailer.send(Notification(purpose.notification, to, text, code.expires_at))

    def simulate_mail_code(self, email: str, purpose: Purpose) -> None:
        """Do the work of :meth:`mail_code` for an address that gets no e-mail."""
        self.put_decoy_code(email, purpose)
        self._mailer.send_nothing()

    def put_decoy_code(self, email: str, purpose: Purpose) -> None:
        """Store a code whose text is discarded, at the cost of storing a real one."""
        # Spread over 256 rows: with one row all of these requests would wait for each other, and
        # one row for each address would let a client fill the table.
        row = hashlib.sha256(email_key(email).encode("utf-8", "surrogatepass")).hexdigest()[:2]
        decoy = User(f"nobody-{row}", "", "", "", 0.0)
        _, code = self._new_code(decoy, purpose, "")
        self.codes.put(code)

    def put_unsent_code(self, user: User, purpose: Purpose, email: str) -> None:
        """Store a code of a user without sending it; it replaces an older one."""
        _, code = self._new_code(user, purpose, email)
        self.codes.put(code)

    def redeem(self, text: str, purpose: Purpose) -> tuple[User, OneTimeCode]:
        """Use up a code; return its user, and the code with the address that it was sent to.

        Raises:
            InvalidCode: when the code is invalid, or the user has changed since it was sent:
                disabled, deleted, or with another address or password.
        """
        return self._take(code_digest(text), purpose.name)

    def redeem_found(self, code: OneTimeCode) -> User:
        """Use up a code that was found before the transaction; return its user.

        Raises:
            InvalidCode: when it has been used since, or the user has changed.
        """
        return self._take(code.digest, code.purpose)[0]

    def delete_user(self, user_id: str) -> User:
        """Delete a user with all of their rows, and return the deleted user; sessions are separate.

        Raises:
            NoSuchUser: when there is none.
            LastAdmin: when no user would have the role ``admin`` afterwards.
        """
        refuse_last_admin(self.users, user_id)
        user = self.users.by_id(user_id)
        if user is None or not self.users.delete(user_id):
            raise NoSuchUser
        self.codes.forget(user_id)
        self.api_tokens.remove_all(user_id)
        for repository in self._repositories.of_features.values():
            repository.forget_user(user_id)
        return user

    @property
    def _mailer(self) -> Mailer:
        return self._mailer_for(self._repositories.outbox)

    def append_entries(self) -> None:
        """Append the audit entries; called once, as the last step of the transaction."""
        if self._events:
            self._repositories.audit_log.append(self._events)

    def _take(self, digest: str, purpose: str) -> tuple[User, OneTimeCode]:
        code = self.codes.take(digest, purpose, self._clock())
        user = None if code is None else self.users.by_id(code.subject)
        if code is None or user is None or user.version != code.version:
            raise InvalidCode
        return user, code

    def _new_code(self, user: User, purpose: Purpose, email: str) -> tuple[str, OneTimeCode]:
        lifetime = self._lifetimes.get(purpose.name)
        return new_code(user, purpose, email, self._clock(), lifetime)
