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
    """What a code is for.

    A new code replaces the older one of its purpose and no other. So a purpose says both what a
    code does and who can request it: a request by a stranger must not invalidate a code that an
    admin has sent.

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
    """What is kept of a code: enough to know it again, not enough to use it.

    Attributes:
        digest: the SHA-256 of the text that was mailed, in hexadecimal digits.
        purpose: what it is good for.
        subject: the id of the user it is for.
        version: of the user when it was made. It is good for no later one.
        address: the e-mail address it was mailed to, as it is shown.
        expires_at: seconds since the epoch; from then on it is over.
    """

    digest: str
    purpose: str
    subject: str
    version: int
    address: str
    expires_at: float


class CodeStore(Protocol):
    """Keeps codes. Every method is atomic, and may be called from any thread and process."""

    def put(self, code: OneTimeCode) -> None:
        """Keep a code in the place of the one that this subject had for this purpose.

        So a subject has no more codes than there are purposes, and only the newest counts.
        """

    def put_first(self, code: OneTimeCode, now: float) -> bool:
        """Keep a code unless this subject has one for this purpose that is not over.

        One compare-and-swap: of any number of concurrent calls exactly one returns that it did.
        """

    def find(self, digest: str, purpose: str, now: float) -> OneTimeCode | None:
        """Return a code of this purpose that is not over; it stays."""

    def take(self, digest: str, purpose: str, now: float) -> OneTimeCode | None:
        """Remove a code of this purpose that is not over, and return it.

        One compare-and-swap: of any number of concurrent calls exactly one gets the code.
        """

    def forget(self, subject: str) -> None:
        """Remove every code of a subject."""

    def purge(self, now: float, limit: int) -> int:
        """Remove up to ``limit`` codes that are over; return how many."""


def new_code(
    user: User, purpose: Purpose, address: str, now: float, lifetime: float | None = None
) -> tuple[str, OneTimeCode]:
    """Return the text of a new code, which is stored nowhere, and the record to store.

    The text has 256 random bits, so a plain hash of it cannot be reversed.

    Args:
        user: the user whom the code is for.
        purpose: what the code is for.
        address: the address that it is mailed to.
        now: seconds since the epoch.
        lifetime: seconds for which it is valid; that of the purpose by default.
    """
    text = secrets.token_urlsafe(_CODE_BYTES)
    expires_at = now + (purpose.lifetime if lifetime is None else lifetime)
    code = OneTimeCode(code_digest(text), purpose.name, user.id, user.version, address, expires_at)
    return text, code


def code_digest(text: str) -> str:
    """Return what the store keeps of a code; any text has one."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
