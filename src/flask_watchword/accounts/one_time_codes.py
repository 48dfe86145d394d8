"""One-time codes: e-mailed, single-use, valid for minutes or hours, for one purpose and user."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Protocol

from flask_watchword.accounts.errors import INVALID_CODE, Rejected
from flask_watchword.accounts.users import User

_CODE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Purpose:
    """The purpose of a code: what it does, and who can request it.

    A new code replaces the older one of its purpose and no other. So codes that do the same thing
    have different purposes if different people request them: a request by a stranger must not
    invalidate a code that an admin has sent.

    Attributes:
        name: the name that the database stores.
        lifetime: seconds for which a code is valid, unless a setting says otherwise.
        notification: the kind of the e-mail that carries the code; empty for one that is not
            e-mailed.
    """

    name: str
    lifetime: float
    notification: str = ""


class InvalidCode(Rejected):
    """A code that is unknown, used, expired, replaced by a newer one, or for another purpose.

    All of these get the same response, so that it says nothing to a client without a code.
    """

    def __init__(self) -> None:
        super().__init__(INVALID_CODE, "This code is invalid or has expired; request another one")


@dataclass(frozen=True, slots=True)
class OneTimeCode:
    """The stored record of a code: enough to recognise the code, not enough to use it.

    Attributes:
        digest: SHA-256 of the text of the code, in hexadecimal.
        purpose: the name of its purpose.
        subject: the id of its user.
        version: the version of the user when it was created; the code is invalid for a later one.
        address: the e-mail address that it was sent to, for display.
        expires_at: when it expires, in seconds since the epoch.
    """

    digest: str
    purpose: str
    subject: str
    version: int
    address: str
    expires_at: float


class CodeStore(Protocol):
    """Stores codes. Each method is atomic, and may be called from any thread and process."""

    def put(self, code: OneTimeCode) -> None:
        """Store a code, replacing the one that this subject had for this purpose.

        So a subject has at most one code for each purpose, the newest.
        """

    def put_first(self, code: OneTimeCode, now: float) -> bool:
        """Store a code unless this subject has a valid one for this purpose; return whether it did.

        One compare-and-swap: of any number of concurrent calls exactly one returns ``True``.
        """

    def find(self, digest: str, purpose: str, now: float) -> OneTimeCode | None:
        """Return a code of this purpose that has not expired, without removing it."""

    def take(self, digest: str, purpose: str, now: float) -> OneTimeCode | None:
        """Remove a code of this purpose that has not expired, and return it.

        One compare-and-swap: of any number of concurrent calls exactly one gets the code.
        """

    def forget(self, subject: str) -> None:
        """Delete every code of a subject."""

    def purge(self, now: float, limit: int) -> int:
        """Delete up to ``limit`` expired codes; return how many."""


def new_code(
    user: User, purpose: Purpose, address: str, now: float, lifetime: float | None = None
) -> tuple[str, OneTimeCode]:
    """Return the text of a new code, which is stored nowhere, and the record to store.

    The text has 256 random bits, so a plain hash of it cannot be reversed.

    Args:
        user: the user whom the code is for.
        purpose: what the code is for.
        address: the address that it is sent to.
        now: seconds since the epoch.
        lifetime: seconds for which it is valid; that of the purpose by default.
    """
    text = secrets.token_urlsafe(_CODE_BYTES)
    expires_at = now + (purpose.lifetime if lifetime is None else lifetime)
    code = OneTimeCode(code_digest(text), purpose.name, user.id, user.version, address, expires_at)
    return text, code


def code_digest(text: str) -> str:
    """Return the stored digest of a code; any text has one."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
