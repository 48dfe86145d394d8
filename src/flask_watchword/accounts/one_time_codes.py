"""One-time codes: mailed to somebody, good for one purpose, one user, a short time and one use."""

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from flask_watchword.accounts.users import User

_CODE_BYTES = 32
_MINUTE = 60.0
_HOUR = 60 * _MINUTE


class Purpose(StrEnum):
    """What a code is good for.

    A new code replaces the older one of its purpose and no other. So a purpose says both what a
    code does and who can request it: a request by a stranger must not invalidate a code that an
    admin has sent.
    """

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"
    ADMIN_RESET = "admin_reset"
    SET_PASSWORD = "set_password"
    CHANGE_EMAIL = "change_email"
    SETUP = "setup"


#: The purposes whose code sets the password of an existing account: requested by anyone who knows
#: the address, sent by an admin, and the invitation of a new user.
PASSWORD_PURPOSES = (Purpose.RESET_PASSWORD, Purpose.ADMIN_RESET, Purpose.SET_PASSWORD)


class InvalidCode(Exception):
    """A code that is unknown, used, over, replaced by a newer one, or not for this.

    There is one answer to all of that: whoever has no code learns nothing from it.
    """


@dataclass(frozen=True, slots=True)
class CodeLifetimes:
    """How long a code is good, in seconds.

    Attributes:
        verify_email: of one that shows that mail reaches a user.
        reset_password: of one that is as good as a password.
        admin_reset: of the same, sent by an admin.
        set_password: of an invitation.
        change_email: of one that gives an account another address.
        setup: of one by which the first admin is made.
    """

    verify_email: float = 24 * _HOUR
    reset_password: float = 15 * _MINUTE
    admin_reset: float = 15 * _MINUTE
    set_password: float = 24 * _HOUR
    change_email: float = _HOUR
    setup: float = _HOUR

    def of(self, purpose: Purpose) -> float:
        """Return the lifetime of codes of a purpose."""
        lifetime: float = getattr(self, purpose.value)
        return lifetime


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
    purpose: Purpose
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

    def find(self, digest: str, purpose: Purpose, now: float) -> OneTimeCode | None:
        """Return a code of this purpose that is not over; it stays."""

    def take(self, digest: str, purpose: Purpose, now: float) -> OneTimeCode | None:
        """Remove a code of this purpose that is not over, and return it.

        One compare-and-swap: of any number of concurrent calls exactly one gets the code.
        """

    def forget(self, subject: str) -> None:
        """Remove every code of a subject."""

    def purge(self, now: float, limit: int) -> int:
        """Remove up to ``limit`` codes that are over; return how many."""


def new_code(
    user: User, purpose: Purpose, address: str, now: float, lifetimes: CodeLifetimes
) -> tuple[str, OneTimeCode]:
    """Return the text of a code, which is mailed and kept nowhere, and what is kept of it.

    The text has 256 random bits, so a plain hash of it cannot be turned back.

    Args:
        user: whom it is for.
        purpose: what it is good for.
        address: where it will be mailed to.
        now: seconds since the epoch.
        lifetimes: how long it is good.
    """
    text = secrets.token_urlsafe(_CODE_BYTES)
    expires_at = now + lifetimes.of(purpose)
    return text, OneTimeCode(code_digest(text), purpose, user.id, user.version, address, expires_at)


def code_digest(text: str) -> str:
    """Return what the store keeps of a code; any text has one."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
