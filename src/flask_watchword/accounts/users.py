"""The record of a user, and the names of what a user may do."""

import re
import uuid
from dataclasses import dataclass

from flask_watchword.accounts.emails import check_email, email_key

#: How many roles, or scopes, one user may have, how long a name may be, and how long all of them
#: together: they stand in each of the user's tokens, and browsers drop a cookie above 4096 bytes.
MAX_NAMES = 32
MAX_NAME_CHARACTERS = 64
MAX_NAMES_CHARACTERS = 768

# RFC 6749 section 3.3: what a scope may consist of. It has no space, which separates them.
_NAME = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")


class InvalidName(ValueError):
    """A role or a scope whose name cannot be one; the message says why."""


@dataclass(frozen=True, slots=True)
class User:
    """One account.

    Attributes:
        id: the subject inside tokens; it stays when the e-mail address changes.
        email: the address as it was typed, for display.
        email_key: the address as it is compared (see :func:`email_key`).
        password_hash: an encoded hash: argon2id, or an imported one until the next login.
        created_at: seconds since the epoch.
        roles: what the user is; the application says what a role may do.
        scopes: what the user's tokens may be used for.
        disabled_at: since when the user is refused everywhere; ``None`` for one who is not.
        email_verified_at: when it was shown that mail to ``email`` reaches the user, or ``None``.
        password_changed_at: when the password was last changed; ``None`` while it is the first.
        version: counts the changes of address and password, and of being disabled. Whoever
            decided something about an older version decided about somebody else.
        password_review_at: since when the next login without a second factor has to check that the
            password is strong enough alone: its second factor was removed. ``None`` otherwise.
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
        """Tell whether the user is refused everywhere."""
        return self.disabled_at is not None


def new_user(email: str, password_hash: str, created_at: float) -> User:
    """Return a user with an id of its own.

    Raises:
        InvalidEmail: when ``email`` is not an address.
    """
    shown = check_email(email)
    return User(uuid.uuid4().hex, shown, email_key(shown), password_hash, created_at)


def check_names(names: frozenset[str]) -> frozenset[str]:
    """Return names of roles or scopes that may be given to a user.

    Raises:
        InvalidName: when there are too many, when they are too long together, or when one is
            empty, too long or holds what RFC 6749 section 3.3 keeps out: spaces, quotes,
            backslashes, anything but ASCII.
    """
    if len(names) > MAX_NAMES:
        raise InvalidName(f"there are {len(names)} names, and {MAX_NAMES} is the most")
    together = sum(map(len, names))
    if together > MAX_NAMES_CHARACTERS:
        raise InvalidName(
            f"the names have {together} characters together, and {MAX_NAMES_CHARACTERS} is the "
            "most: all of them stand in every token"
        )
    for name in sorted(names):
        if len(name) > MAX_NAME_CHARACTERS or not _NAME.fullmatch(name):
            raise InvalidName(
                f"{name[:MAX_NAME_CHARACTERS]!r} is no name: it needs 1 to {MAX_NAME_CHARACTERS} "
                "printable ASCII characters without spaces, quotes and backslashes"
            )
    return names
