"""Import users in batches, one transaction each, and count the outcomes."""

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

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.passwords import Passwords, usable_cores
from flask_watchword.accounts.transaction import Transaction
from flask_watchword.accounts.users import User
from flask_watchword.clock import system_clock
from flask_watchword.service.features.user_import.file import Row
from flask_watchword.service.features.user_import.flow import (
    BadRecord,
    BatchResult,
    add_users,
    user_of_record,
)

#: Users added in one transaction, which takes a fraction of a second.
BATCH = 500

#: Number of reasons that are printed; the rejects file has all of them.
_MAX_PRINTED = 20


class _DryRun(Exception):
    """Rolls back the transaction of a dry run."""

    def __init__(self, result: BatchResult) -> None:
        super().__init__()
        self.result = result


@dataclass(slots=True)
class Counts:
    """Outcomes of the records so far.

    Attributes:
        added: number of users added.
        already_there: number of records whose address had an account.
        rejected: number of rejected records.
        line: the line on which the last record began.
    """

    added: int = 0
    already_there: int = 0
    rejected: int = 0
    line: int = 0


class Import:
    """Add the users of a file.

    Args:
        accounts: the accounts.
        actor: the name of the command, for the audit log.
        rejects: the file for rejected records, created with the first of them. An existing file is
            kept, because it may have been corrected by hand: then a number is added to the name.
        dry_run: whether to roll back every transaction.
    """

    def __init__(self, accounts: Accounts, actor: str, rejects: Path, *, dry_run: bool) -> None:
        self.counts = Counts()
        self._accounts = accounts
        self._actor = actor
        self._rejects_path = rejects
        self._rejects: IO[str] | None = None
        self._dry_run = dry_run
        self._passwords = Passwords(patience=3_600.0)
        self._seen: set[bytes] = set()

    def run(self, rows: Iterator[Row]) -> Iterator[Counts]:
        """Import the records; yield the counts after each batch.

        Raises:
            StoreUnavailable: if the store does not respond; the batches yielded so far are stored.
        """
        try:
            with ThreadPoolExecutor(usable_cores()) as cores:
                while batch := list(islice(rows, BATCH)):
                    self._add(batch, cores)
                    self.counts.line = batch[-1].line
                    yield self.counts
        finally:
            if self._rejects is not None:
                self._rejects.close()

    @property
    def rejects(self) -> Path | None:
        """Return the file of rejected records; ``None`` if none was rejected."""
        return None if self._rejects is None else self._rejects_path

    def _add(self, batch: list[Row], cores: ThreadPoolExecutor) -> None:
        rows: dict[str, Row] = {}
        users: list[User] = []
        for row in batch:
            user = self._user(row)
            if user is None:
                continue
            rows[user.id] = row
            users.append(user)
        users = list(cores.map(lambda user: self._hashed(user, rows[user.id]), users))
        result = self._change(users, rows)
        self.counts.added += len(result.added)
        self.counts.already_there += len(result.existing)
        for user_id, reason in result.rejected.items():
            self._reject(rows[user_id], reason)

    def _user(self, row: Row) -> User | None:
        reason = row.reason
        if row.record is not None:
            try:
                user = user_of_record(row.record, self._passwords, system_clock())
                reason = self._duplicate(user)
                if not reason:
                    return user
            except BadRecord as error:
                reason = str(error)
        self._reject(row, reason)
        return None

    def _duplicate(self, user: User) -> str:
        # A truncated hash of each value, so that a million of them fit into memory.
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
        # Hashing takes longer than a query, and when an import is resumed most accounts exist.
        if self._dry_run or self._accounts.users.by_email(user.email_key) is not None:
            return user
        return replace(user, password_hash=self._passwords.hash(password))

    def _change(self, users: list[User], rows: dict[str, Row]) -> BatchResult:
        named = frozenset(
            user_id for user_id, row in rows.items() if row.record and row.record.id == user_id
        )

        def work(tx: Transaction) -> BatchResult:
            result = add_users(tx, self._actor, users, named)
            if self._dry_run:
                raise _DryRun(result)
            return result

        try:
            return self._accounts.transaction(work)
        except _DryRun as dry_run:
            return dry_run.result

    def _reject(self, row: Row, reason: str) -> None:
        self.counts.rejected += 1
        if self._rejects is None:
            self._rejects_path, self._rejects = _new_file(self._rejects_path)
        if self.counts.rejected <= _MAX_PRINTED:
            click.echo(f"line {row.line}: {reason}", err=True)
        if self.counts.rejected == _MAX_PRINTED:
            click.echo(f"further rejects are only in {self._rejects_path}", err=True)
        rejected = {**row.members, "line": row.line, "reason": reason}
        self._rejects.write(json.dumps(rejected, default=str) + "\n")


def _new_file(path: Path) -> tuple[Path, IO[str]]:
    """Create a new file with this name, or with the next free number after the name."""
    numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))
    for name in chain([path], numbered):
        # Readable by the owner only: it holds password hashes.
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            return name, os.fdopen(descriptor, "w", encoding="utf-8")
    raise AssertionError("unreachable: the numbers are unlimited")


def last(counts: Iterable[Counts]) -> Counts:
    """Return the final counts."""
    found = Counts()
    for found in counts:  # noqa: B007 - only the last value is needed
        pass
    return found
