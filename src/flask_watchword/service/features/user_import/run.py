"""Moving users over: batches of a file, each one transaction, and what became of each record."""

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain, count, islice
from pathlib import Path
from typing import IO

import click

from flask_watchword.accounts.passwords import Passwords, usable_cores
from flask_watchword.accounts.transaction import AccountStores, UnitOfWork
from flask_watchword.accounts.users import User
from flask_watchword.clock import system_clock
from flask_watchword.service.features.admin_users.flow import Administrator
from flask_watchword.service.features.user_import.file import Row
from flask_watchword.service.features.user_import.flow import (
    BadRecord,
    Kept,
    keep_users,
    user_of_record,
)

#: Users that are kept in one transaction: what takes a fraction of a second.
BATCH = 500

#: Reasons that are printed; all of them are in the file of those that were refused.
_SHOWN = 20


class _NothingKept(Exception):
    """Ends a change of which nothing is to stay."""

    def __init__(self, kept: Kept) -> None:
        super().__init__()
        self.kept = kept


@dataclass(slots=True)
class Counts:
    """What became of the records so far.

    Attributes:
        added: users who were kept.
        already_there: records whose address had an account.
        rejected: records that were refused.
        line: where the last of them began.
    """

    added: int = 0
    already_there: int = 0
    rejected: int = 0
    line: int = 0


class Import:
    """Keeps the users of a file.

    Args:
        accounts: where they go.
        by: who does it.
        rejects: the file for the records that are refused; it is made when there is one. One that
            is there already stays, somebody may have mended it: then a number is added to its name.
        dry_run: whether nothing is to stay.
    """

    def __init__(
        self, accounts: UnitOfWork, by: Administrator, rejects: Path, *, dry_run: bool
    ) -> None:
        self.counts = Counts()
        self._accounts = accounts
        self._by = by
        self._rejects_path = rejects
        self._rejects: IO[str] | None = None
        self._dry_run = dry_run
        self._passwords = Passwords(patience=3_600.0)
        self._seen: set[bytes] = set()

    def run(self, rows: Iterator[Row]) -> Iterator[Counts]:
        """Go through the records; yield what became of them after each batch.

        Raises:
            StoreUnavailable: when the store does not answer; what was told by then is kept.
        """
        try:
            with ThreadPoolExecutor(usable_cores()) as cores:
                while batch := list(islice(rows, BATCH)):
                    self._keep(batch, cores)
                    self.counts.line = batch[-1].line
                    yield self.counts
        finally:
            if self._rejects is not None:
                self._rejects.close()

    @property
    def rejects(self) -> Path | None:
        """Return the file of the records that were refused; ``None`` where none was."""
        return None if self._rejects is None else self._rejects_path

    def _keep(self, batch: list[Row], cores: ThreadPoolExecutor) -> None:
        rows: dict[str, Row] = {}
        users: list[User] = []
        for row in batch:
            user = self._user(row)
            if user is None:
                continue
            rows[user.id] = row
            users.append(user)
        users = list(cores.map(lambda user: self._hashed(user, rows[user.id]), users))
        kept = self._change(users, rows)
        self.counts.added += len(kept.added)
        self.counts.already_there += len(kept.there)
        for user_id, reason in kept.refused.items():
            self._reject(rows[user_id], reason)

    def _user(self, row: Row) -> User | None:
        reason = row.reason
        if row.record is not None:
            try:
                user = user_of_record(row.record, self._passwords, system_clock())
                reason = self._twice(user)
                if not reason:
                    return user
            except BadRecord as error:
                reason = str(error)
        self._reject(row, reason)
        return None

    def _twice(self, user: User) -> str:
        # Half a hash for each, so that a million of them fit into memory.
        for name, value in (("email", user.email_key), ("id", user.id)):
            digest = blake2b(f"{name} {value}".encode(), digest_size=12).digest()
            if digest in self._seen:
                return f"{name}: an earlier line has it"
            self._seen.add(digest)
        return ""

    def _hashed(self, user: User, row: Row) -> User:
        password = row.record and row.record.password
        if not password:
            return user
        # A hash takes longer than to ask, and where work goes on most are there.
        if self._dry_run or self._accounts.stores.users.by_email(user.email_key) is not None:
            return user
        return replace(user, password_hash=self._passwords.hash(password))

    def _change(self, users: list[User], rows: dict[str, Row]) -> Kept:
        named = frozenset(
            user_id for user_id, row in rows.items() if row.record and row.record.id == user_id
        )

        def work(stores: AccountStores) -> Kept:
            kept = keep_users(stores, self._by, users, named, system_clock())
            if self._dry_run:
                raise _NothingKept(kept)
            return kept

        try:
            return self._accounts.change(work)
        except _NothingKept as nothing:
            return nothing.kept

    def _reject(self, row: Row, reason: str) -> None:
        self.counts.rejected += 1
        if self._rejects is None:
            self._rejects_path, self._rejects = _new_file(self._rejects_path)
        if self.counts.rejected <= _SHOWN:
            click.echo(f"line {row.line}: {reason}", err=True)
        if self.counts.rejected == _SHOWN:
            click.echo(f"further ones are only in {self._rejects_path}", err=True)
        told = {**row.members, "line": row.line, "reason": reason}
        self._rejects.write(json.dumps(told, default=str) + "\n")


def _new_file(path: Path) -> tuple[Path, IO[str]]:
    """Make a file that was not there: of this name, or with the next number behind it."""
    numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))
    for name in chain([path], numbered):
        # It has what the records have, hashes of passwords above all.
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            return name, os.fdopen(descriptor, "w", encoding="utf-8")
    raise AssertionError("there is always a next number")


def last(counts: Iterable[Counts]) -> Counts:
    """Return the counts at the end."""
    found = Counts()
    for found in counts:  # noqa: B007 - the last one is what is wanted
        pass
    return found
