"""Accounts with readable mail and counted work."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.notifications import Notification
from flask_watchword.accounts.one_time_codes import CodeStore
from flask_watchword.accounts.passwords import HashProfile, Passwords
from flask_watchword.accounts.user_store import UserStore
from flask_watchword.accounts.users import User, new_user
from tests.accounts.memory_database import MemoryDatabase
from tests.memory_stores.codes import MemoryCodeStore
from tests.memory_stores.users import MemoryUserStore

CHEAPEST = HashProfile(memory_kib=8, time_cost=1, parallelism=1)
NOW = 1_700_000_000.0

GOOD = "correct horse battery staple"
BETTER = "seven lazy otters juggle"


class CountingPasswords(Passwords):
    """Count the computed and verified hashes, decoys included."""

    def __init__(self) -> None:
        super().__init__(CHEAPEST)
        self.hashes = 0

    def hash(self, password: str) -> str:
        self.hashes += 1
        return super().hash(password)

    def verify(self, password_hash: str, password: str) -> bool:
        self.hashes += 1
        return super().verify(password_hash, password)

    def verify_decoy(self, password: str) -> None:
        self.hashes += 1
        super().verify_decoy(password)


class Mailbox:
    """Store the messages, and ``None`` for each decoy."""

    def __init__(self) -> None:
        self.work: list[Notification | None] = []

    def send(self, letter: Notification) -> None:
        self.work.append(letter)

    def send_nothing(self) -> None:
        self.work.append(None)

    @property
    def last(self) -> Notification:
        letter = self.work[-1]
        assert letter is not None
        return letter

    @property
    def code(self) -> str:
        """The code in the last message."""
        assert self.last.code is not None
        return self.last.code


@dataclass
class Desk:
    """Accounts with a clock that moves only when told to.

    Attributes:
        ended: the users whose access was ended, and whether the current session was kept.
    """

    now: float = NOW
    users: UserStore = field(default_factory=MemoryUserStore)
    codes: CodeStore = field(default_factory=MemoryCodeStore)
    mailbox: Mailbox = field(default_factory=Mailbox)
    passwords: CountingPasswords = field(default_factory=CountingPasswords)
    two_factors: set[str] = field(default_factory=set)
    ended: list[tuple[str, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.accounts = Accounts(
            database=MemoryDatabase(self.users, self.codes),
            passwords=self.passwords,
            mailer_for=lambda _outbox: self.mailbox,
            clock=lambda: self.now,
            has_second_factor=lambda _, user_id: user_id in self.two_factors,
            end_access=self._end_access,
        )

    @property
    def audited(self) -> list[tuple[str, str]]:
        """The events in the audit log, each with its subject."""
        entries = self.accounts.repositories.audit_log.after(0, 10_000)
        return [(entry.event.event, entry.event.subject) for entry in entries]

    def add(self, email: str, password: str = GOOD) -> User:
        user = new_user(email, Passwords(CHEAPEST).hash(password), self.now)
        self.users.add(user)
        return user

    def user(self, email: str) -> User:
        user = self.users.by_email(email_key(email))
        assert user is not None
        return user

    def can_log_in(self, email: str, password: str) -> bool:
        return Passwords(CHEAPEST).verify(self.user(email).password_hash, password)

    @contextmanager
    def _end_access(self, user_id: str, *, keep_current: bool = False) -> Iterator[list[str]]:
        self.ended.append((user_id, keep_current))
        yield []
