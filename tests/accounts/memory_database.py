"""A database of accounts in memory, for tests of the flows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from flask_watchword.accounts.audit import Entry, Event, Head, follow
from flask_watchword.accounts.one_time_codes import CodeStore
from flask_watchword.accounts.transaction import Repositories
from flask_watchword.accounts.user_store import UserStore
from tests.memory_stores.codes import MemoryCodeStore
from tests.memory_stores.users import MemoryUserStore
from tests.service.places import empty_accounts

_T = TypeVar("_T")


class MemoryAuditLog:
    """An audit log of one thread that cannot be trimmed."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def append(self, events: Sequence[Event]) -> Head:
        self._entries += follow(self._end, events)
        return self._end

    def head(self) -> Head | None:
        return self._end if self._entries else None

    def start(self) -> Head:
        return Head()

    def drop(self, before: Head, last: Head) -> bool:
        raise NotImplementedError

    def after(self, seq: int, limit: int) -> Sequence[Entry]:
        return self._entries[seq : seq + limit]

    def newest(
        self,
        limit: int,
        *,
        subject: str | None = None,
        event: str | None = None,
        before: int | None = None,
    ) -> Sequence[Entry]:
        return [
            entry
            for entry in reversed(self._entries)
            if subject in {None, entry.event.subject}
            and event in {None, entry.event.event}
            and (before is None or entry.seq < before)
        ][:limit]

    @property
    def _end(self) -> Head:
        if not self._entries:
            return Head()
        return Head(self._entries[-1].seq, self._entries[-1].hash)


class MemoryDatabase:
    """Users, one-time codes and the audit log in memory, and everything else in SQLite.

    It cannot roll back: the tests with real databases cover the state after a failed transaction.
    """

    def __init__(self, users: UserStore | None = None, codes: CodeStore | None = None) -> None:
        self._repositories = replace(
            empty_accounts().repositories,
            users=users or MemoryUserStore(),
            codes=codes or MemoryCodeStore(),
            audit_log=MemoryAuditLog(),
        )

    @property
    def repositories(self) -> Repositories:
        return self._repositories

    def run(self, work: Callable[[Repositories], _T]) -> _T:
        return work(self._repositories)
