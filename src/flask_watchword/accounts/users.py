"""The user record, and the names of roles and scopes."""

import re
import uuid
from dataclasses import dataclass

from flask_watchword.accounts.emails import check_email, email_key
from flask_watchword.accounts.errors import INVALID_FIELD, Rejected

#: Maximum number of roles, or scopes, of one user, maximum length of a name, and of all names
#: together: each of the user's tokens contains them, and browsers drop a cookie above 4096 bytes.
MAX_NAMES = 32
MAX_NAME_CHARACTERS = 64
MAX_NAMES_CHARACTERS = 768

# RFC 6749 section 3.3: the characters of a scope. A space separates scopes.
_NAME = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")


class InvalidName(Rejected, ValueError):
    """An invalid name of a role or a scope.

    Args:
        reason: what is wrong with it; also the text of the exception.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(INVALID_FIELD, f"A role or a scope is invalid: {reason}")
        self.args = (reason,)


@dataclass(frozen=True, slots=True)
class User:
    """One account.

    Attributes:
        id: the subject inside tokens; it stays when the e-mail address changes.
        email: the address as entered, for display.
        email_key: the address in its form for comparison (see :func:`email_key`).
        password_hash: an encoded hash: argon2id, or an imported one until the next login.
        created_at: seconds since the epoch.
        roles: the user's roles; the application defines their permissions.
        scopes: the scopes that the user's tokens may have.
        disabled_at: when the user was disabled; ``None`` if the user is not.
        email_verified_at: when the address was verified, or ``None``.
        password_changed_at: when the password was last changed; ``None`` if it is the first one.
        version: incremented when the address or the password changes, and when the user is
            disabled. A decision made about an older version is no longer valid.
        password_review_at: when the second factor was removed, so that the next login must check
            that the password is strong enough as the only factor. ``None`` otherwise.
    """

    id: str
    email: str
    email_key: str
    password_hash: str
    created_at: float
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    disabled_at: float | None = None
    email_verified_at: float | None = None
    password_changed_at: float | None = None
    version: int = 1
    password_review_at: float | None = None

    @property
    def is_disabled(self) -> bool:
        """Tell whether the user is disabled."""
        return self.disabled_at is not None


def new_user(email: str, password_hash: str, created_at: float) -> User:
    """Return a user with a new id.

    Raises:
        InvalidEmail: if ``email`` is not a valid address.
    """
    shown = check_email(email)
    return User(uuid.uuid4().hex, shown, email_key(shown), password_hash, created_at)


def check_names(names: frozenset[str]) -> frozenset[str]:
    """Return the names of roles or scopes after validating them.

    Raises:
        InvalidName: if there are too many, if they are too long together, or if one is empty, too
            long or contains characters that RFC 6749 section 3.3 excludes: spaces, quotes,
            backslashes, anything but ASCII.
    """
    if len(names) > MAX_NAMES:
        raise InvalidName(f"there are {len(names)} names, and the maximum is {MAX_NAMES}")
    total = sum(map(len, names))
    if total > MAX_NAMES_CHARACTERS:
        raise InvalidName(
            f"the names have {total} characters together, and the maximum is "
            f"{MAX_NAMES_CHARACTERS}: every token contains all of them"
        )
    for name in sorted(names):
        if len(name) > MAX_NAME_CHARACTERS or not _NAME.fullmatch(name):
            raise InvalidName(
                f"{name[:MAX_NAME_CHARACTERS]!r} is invalid: it needs 1 to {MAX_NAME_CHARACTERS} "
                "printable ASCII characters without spaces, quotes and backslashes"
            )
    return names
