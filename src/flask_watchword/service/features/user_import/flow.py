"""Validate the records of an import, and add their users."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from flask_watchword.accounts.emails import InvalidEmail, check_email, email_key
from flask_watchword.accounts.imported_hashes.scheme import UnusableHash
from flask_watchword.accounts.passwords import MAX_PASSWORD_CHARACTERS, Passwords
from flask_watchword.accounts.transaction import Transaction
from flask_watchword.accounts.users import InvalidName, User, check_names

# Ids appear in tokens, paths and logs. The two reserved names own codes that belong to no user yet.
_ID = re.compile(r"(?!setup$|nobody-)[A-Za-z0-9._:-]{1,64}")
#: The beginning of the year 10000, which ``datetime`` cannot represent.
_END_OF_TIME = 253_402_300_800.0


class BadRecord(ValueError):
    """An invalid record; the message says why, without a password or a hash."""


class Record(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A user of other software.

    Attributes:
        email: the address.
        password_hash: a hash that ``imported_hashes`` or argon2 verifies; alternatively
        password: the password, which is hashed.
        id: the subject of the user's tokens so far; a new one by default.
        email_verified: whether the address is verified.
        roles: the user's roles.
        scopes: the user's scopes.
        disabled: whether the user is disabled.
        created_at: seconds since the epoch, or RFC 3339; the current time by default.
        line: the line of the record, in a file of rejected records; ignored.
        reason: the reason in a file of rejected records; ignored.
    """

    email: str
    password_hash: str | None = None
    password: str | None = None
    id: str | None = None
    email_verified: bool = False
    roles: list[str] = []
    scopes: list[str] = []
    disabled: bool = False
    created_at: float | datetime | None = None
    line: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The outcome of a batch.

    Attributes:
        added: the ids of the added users.
        existing: the ids of users whose address has an account already, which is not changed.
        rejected: the reasons why the other users were rejected, by id.
    """

    added: frozenset[str]
    existing: frozenset[str]
    rejected: dict[str, str]


def user_of_record(record: Record, passwords: Passwords, now: float) -> User:
    """Return the user of a record; the caller hashes the password, if the record has one.

    Args:
        record: the record.
        passwords: knows which hashes can be verified.
        now: seconds since the epoch.

    Raises:
        BadRecord: when the record is invalid.
    """
    try:
        email = check_email(record.email)
        roles, scopes = (check_names(frozenset(names)) for names in (record.roles, record.scopes))
    except (InvalidEmail, InvalidName) as error:
        raise BadRecord(str(error)) from error
    _check_password(record, passwords)
    if record.id is not None and not _ID.fullmatch(record.id):
        raise BadRecord("id: 1 to 64 letters, digits and ._:- are wanted, and no name of ours")
    created_at = _timestamp(record.created_at, now)
    return User(
        id=record.id or uuid.uuid4().hex,
        email=email,
        email_key=email_key(email),
        password_hash=record.password_hash or "",
        created_at=created_at,
        roles=roles,
        scopes=scopes,
        disabled_at=now if record.disabled else None,
        email_verified_at=created_at if record.email_verified else None,
    )


def add_users(
    tx: Transaction,
    actor: str,
    users: Sequence[User],
    named: frozenset[str],
) -> BatchResult:
    """Add the users whose address has no account yet, with one entry in the audit log for all.

    Args:
        tx: the transaction.
        actor: the name of the command, for the audit log.
        users: the users, with distinct addresses and ids.
        named: the ids that the file names.
    """
    added = tx.users.add_many(users)
    existing, rejected = set[str](), dict[str, str]()
    for user in users:
        if user.id in added:
            continue
        known = tx.users.by_email(user.email_key)
        if known is None:
            rejected[user.id] = "id: another account has it"
        elif user.id in named and known.id != user.id:
            rejected[user.id] = "email: there is an account with this address and another id"
        else:
            existing.add(user.id)
    if added:
        tx.audit("users_imported", actor=actor, number=len(added))
    return BatchResult(added, frozenset(existing), rejected)


def _check_password(record: Record, passwords: Passwords) -> None:
    if (record.password is None) == (record.password_hash is None):
        raise BadRecord("either password_hash or password is needed")
    if record.password_hash is not None:
        try:
            passwords.check_hash(record.password_hash)
        except UnusableHash as error:
            raise BadRecord(f"password_hash: {error}") from error
    if record.password is not None and not 1 <= len(record.password) <= MAX_PASSWORD_CHARACTERS:
        raise BadRecord(f"password: 1 to {MAX_PASSWORD_CHARACTERS} characters are wanted")


def _timestamp(given: float | datetime | None, now: float) -> float:
    if given is None:
        return now
    if isinstance(given, datetime):
        if given.tzinfo is None:
            raise BadRecord("created_at: a zone is needed, as in 2020-01-31T12:00:00Z")
        given = given.timestamp()
    if not 0 <= given < _END_OF_TIME:
        raise BadRecord("created_at: this is no date from 1970 on")
    return float(given)
