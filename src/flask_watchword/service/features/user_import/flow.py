"""Users of other software: what a record of one has to say, and how many are kept at once."""

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

# It stands in tokens, in paths and in logs. A code may be for somebody who is nobody yet, under
# the two names that are set apart.
_ID = re.compile(r"(?!setup$|nobody-)[A-Za-z0-9._:-]{1,64}")
#: The first moment of the year 10000, behind which no calendar goes.
_END_OF_TIME = 253_402_300_800.0


class BadRecord(ValueError):
    """A record that makes no user; the message says why, without a password or a hash."""


class Record(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is known of a user elsewhere.

    Attributes:
        email: the address.
        password_hash: of a kind that ``imported_hashes`` or argon2 verifies; or else
        password: itself, which is hashed.
        id: what their tokens have said so far; a new one where there is none.
        email_verified: whether it was shown that mail reaches them.
        roles: the user's roles.
        scopes: the user's scopes.
        disabled: whether they are refused everywhere.
        created_at: seconds since the epoch, or RFC 3339; now where it is not known.
        line: where the record stood, in a file of those that were refused; it says nothing here.
        reason: why it was refused there.
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
class Kept:
    """What became of a batch.

    Attributes:
        added: the ids of the users who were kept.
        there: the ids of those whose address has an account already, which stays as it is.
        refused: the others' ids, with the reason of each.
    """

    added: frozenset[str]
    there: frozenset[str]
    refused: dict[str, str]


def user_of_record(record: Record, passwords: Passwords, now: float) -> User:
    """Return the user that a record describes; a password that it has is hashed by the caller.

    Args:
        record: of one user.
        passwords: says which hashes can be verified.
        now: seconds since the epoch.

    Raises:
        BadRecord: when it describes none.
    """
    try:
        shown = check_email(record.email)
        roles, scopes = (check_names(frozenset(names)) for names in (record.roles, record.scopes))
    except (InvalidEmail, InvalidName) as error:
        raise BadRecord(str(error)) from error
    _check_password(record, passwords)
    if record.id is not None and not _ID.fullmatch(record.id):
        raise BadRecord("id: 1 to 64 letters, digits and ._:- are wanted, and no name of ours")
    created_at = _moment(record.created_at, now)
    return User(
        id=record.id or uuid.uuid4().hex,
        email=shown,
        email_key=email_key(shown),
        password_hash=record.password_hash or "",
        created_at=created_at,
        roles=roles,
        scopes=scopes,
        disabled_at=now if record.disabled else None,
        email_verified_at=created_at if record.email_verified else None,
    )


def keep_users(
    tx: Transaction,
    actor: str,
    users: Sequence[User],
    named: frozenset[str],
) -> Kept:
    """Keep users whose address has no account yet, with one entry in the audit log for them all.

    Args:
        tx: the transaction.
        actor: the name of the command, for the audit log.
        users: no two with one address or one id.
        named: the ids that others have chosen.
    """
    added = tx.users.add_many(users)
    there, refused = set[str](), dict[str, str]()
    for user in users:
        if user.id in added:
            continue
        known = tx.users.by_email(user.email_key)
        if known is None:
            refused[user.id] = "id: another account has it"
        elif user.id in named and known.id != user.id:
            refused[user.id] = "email: there is an account with this address and another id"
        else:
            there.add(user.id)
    if added:
        tx.audit("users_imported", actor=actor, number=len(added))
    return Kept(added, frozenset(there), refused)


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


def _moment(given: float | datetime | None, now: float) -> float:
    if given is None:
        return now
    if isinstance(given, datetime):
        if given.tzinfo is None:
            raise BadRecord("created_at: a zone is needed, as in 2020-01-31T12:00:00Z")
        given = given.timestamp()
    if not 0 <= given < _END_OF_TIME:
        raise BadRecord("created_at: this is no date from 1970 on")
    return float(given)
