"""Who an account belongs to, and when two e-mail addresses are the same one."""

import unicodedata
import uuid
from dataclasses import dataclass

#: RFC 5321 section 4.5.3.1.3 allows a path of 256 octets, the angle brackets included.
MAX_EMAIL_CHARACTERS = 254


class InvalidEmail(ValueError):
    """An address nobody could receive mail at; the message says why."""


@dataclass(frozen=True, slots=True)
class User:
    """One account.

    Attributes:
        id: the subject inside tokens; it stays when the e-mail address changes.
        email: the address as it was typed, for display.
        email_key: the address as it is compared (see :func:`email_key`).
        password_hash: an encoded argon2id hash.
        created_at: seconds since the epoch.
    """

    id: str
    email: str
    email_key: str
    password_hash: str
    created_at: float


def new_user(email: str, password_hash: str, created_at: float) -> User:
    """Return a user with an id of its own.

    Raises:
        InvalidEmail: when ``email`` is not an address.
    """
    shown = check_email(email)
    return User(uuid.uuid4().hex, shown, email_key(shown), password_hash, created_at)


def email_key(email: str) -> str:
    """Return the form in which addresses are compared: one person, one key.

    This is the compatibility caseless match of Unicode (chapter 3, definition D146): the second
    round is needed because folding may undo the normalisation. What it returns is a fixed point.
    """
    folded = unicodedata.normalize("NFD", email).casefold()
    folded = unicodedata.normalize("NFKD", folded).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def check_email(email: str) -> str:
    """Return the address as it is shown, without surrounding white space.

    Raises:
        InvalidEmail: when it has no name, no domain, is too long or holds what cannot be printed.
    """
    shown = email.strip()
    key = email_key(shown)
    name, at, domain = key.rpartition("@")
    if not (name and at and domain):
        raise InvalidEmail("an e-mail address looks like name@example.com")
    if max(len(shown), len(key)) > MAX_EMAIL_CHARACTERS:
        raise InvalidEmail(f"an e-mail address has at most {MAX_EMAIL_CHARACTERS} characters")
    # Printable excludes control characters and lone surrogates, which no database would store.
    if not shown.isprintable() or any(map(str.isspace, key)):
        raise InvalidEmail("an e-mail address holds no white space and no control characters")
    return shown
