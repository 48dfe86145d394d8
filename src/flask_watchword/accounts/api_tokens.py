"""Tokens for programs: personal access tokens, and the secrets of clients.

A token looks like ``wwp_`` and 36 letters and digits: a prefix by which people and secret scanners
know it, 178 random bits, and a checksum, so that a typing error or a look-alike costs no look-up.
What is kept is its SHA-256. So many random bits cannot be guessed, so a slow hash would protect
nothing; and a plain one is found by an index.
"""

import hashlib
import hmac
import secrets
import string
import uuid
import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

#: The longest name, in characters.
MAX_NAME_CHARACTERS = 100

#: Seconds between two notes of when a token was used: what is hot is not written to each time.
USE_NOTED_EVERY = 60.0

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_CHARACTERS = 30
_CHECKSUM_CHARACTERS = 6  # 62**6 is more than a CRC-32 has values


class ApiTokenKind(StrEnum):
    """Whom a token stands for."""

    PERSONAL = "personal"
    CLIENT = "client"


_PREFIXES = {ApiTokenKind.PERSONAL: "wwp_", ApiTokenKind.CLIENT: "wwc_"}


class UnacceptableName(ValueError):
    """A name that no token can have; the message says why."""


class ScopeNotHeld(ValueError):
    """A scope that its owner does not have and so cannot pass on.

    Attributes:
        scopes: those, in order.
    """

    def __init__(self, scopes: Iterable[str]) -> None:
        self.scopes = sorted(scopes)
        super().__init__(f"these scopes are not yours to give: {' '.join(self.scopes)}")


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What is known of a token; the token itself is not.

    Attributes:
        id: its name in the API; of a client, its ``client_id``.
        kind: whom it stands for.
        owner: the user who made it, and for whom a personal one stands.
        name: what its owner calls it.
        scopes: what it may be used for.
        token_hash: SHA-256 of the token, in hexadecimal.
        created_at: seconds since the epoch.
        expires_at: when it ends; ``None`` for never.
        last_used_at: when it was used last, to the minute; ``None`` for never.
        revoked_at: since when it is refused; ``None`` for one that is not.
    """

    id: str
    kind: ApiTokenKind
    owner: str
    name: str
    scopes: frozenset[str]
    token_hash: str = field(repr=False)
    created_at: float
    expires_at: float | None = None
    last_used_at: float | None = None
    revoked_at: float | None = None

    def is_over(self, now: float) -> bool:
        """Tell whether the token is refused."""
        return self.revoked_at is not None or (
            self.expires_at is not None and now >= self.expires_at
        )


class ApiTokenStore(Protocol):
    """Keeps tokens by their hashes."""

    def add(self, token: ApiToken) -> None:
        """Keep a new token."""

    def by_hash(self, token_hash: str) -> ApiToken | None:
        """Return the token with this hash, over or not: one look-up by an index."""

    def of_owner(self, owner: str) -> Sequence[ApiToken]:
        """Return a user's tokens, over or not, the newest first."""

    def revoke(self, token_id: str, owner: str, now: float) -> bool:
        """End one of a user's tokens; return whether it was one of theirs and not ended before."""

    def note_use(self, token_id: str, now: float, unless_after: float) -> None:
        """Note that a token is used, unless a use after a moment is noted.

        One statement. It is a figure for people: where the store cannot write at the moment
        nobody is refused for that.
        """

    def remove_all(self, owner: str) -> None:
        """Forget all tokens of a user, with the user."""

    def purge(self, before: float, limit: int) -> int:
        """Forget up to ``limit`` tokens that were over before a moment; return how many."""


def new_api_token(
    kind: ApiTokenKind,
    owner: str,
    name: str,
    scopes: Collection[str],
    held: Collection[str],
    now: float,
    lifetime: float | None,
) -> tuple[ApiToken, str]:
    """Return a token's record, to keep, and the token, to show once.

    Args:
        kind: whom it stands for.
        owner: the user who makes it.
        name: what they call it.
        scopes: what it may be used for.
        held: the scopes of its owner. Nobody gives more than they have.
        now: seconds since the epoch.
        lifetime: seconds until it ends; ``None`` for never.

    Raises:
        UnacceptableName: when the name is empty, too long, or cannot be printed.
        ScopeNotHeld: when one of the scopes is not the owner's.
    """
    if extra := set(scopes) - set(held):
        raise ScopeNotHeld(extra)
    text = _new_text(kind)
    record = ApiToken(
        id=uuid.uuid4().hex,
        kind=kind,
        owner=owner,
        name=_checked_name(name),
        scopes=frozenset(scopes),
        token_hash=token_hash(text),
        created_at=now,
        expires_at=None if lifetime is None else now + lifetime,
    )
    return record, text


def find_api_token(
    store: ApiTokenStore, kind: ApiTokenKind, text: str, now: float
) -> ApiToken | None:
    """Return the token that a program has shown; ``None`` when it is none of ours, or is over.

    Whether its owner may still do anything is the caller's to ask.
    """
    if not looks_like(kind, text):
        return None
    digest = token_hash(text)
    token = store.by_hash(digest)
    # Compared once more, in constant time: an index may compare more loosely than we do.
    if token is None or not hmac.compare_digest(token.token_hash, digest):
        return None
    if token.is_over(now):
        return None
    if token.last_used_at is None or now - token.last_used_at >= USE_NOTED_EVERY:
        store.note_use(token.id, now, now - USE_NOTED_EVERY)
    return token


def find_client(store: ApiTokenStore, client_id: str, secret: str, now: float) -> ApiToken | None:
    """Return the client that these credentials are of (RFC 6749 section 2.3.1)."""
    token = find_api_token(store, ApiTokenKind.CLIENT, secret, now)
    if token is None:
        return None
    shown = client_id.encode("utf-8", "surrogatepass")
    return token if hmac.compare_digest(token.id.encode(), shown) else None


def scopes_now(token: ApiToken, held: Collection[str]) -> frozenset[str]:
    """Return what a token may be used for now: no more than its owner still has."""
    return token.scopes & frozenset(held)


def looks_like(kind: ApiTokenKind, text: str) -> bool:
    """Tell whether a text has the form of a token of this kind, checksum included.

    It holds nothing secret back: who makes up a token can make up its checksum.
    """
    prefix = _PREFIXES[kind]
    body, checksum = text[:-_CHECKSUM_CHARACTERS], text[-_CHECKSUM_CHARACTERS:]
    return (
        len(text) == len(prefix) + _RANDOM_CHARACTERS + _CHECKSUM_CHARACTERS
        and text.startswith(prefix)
        and text.isascii()
        and checksum == _checksum(body)
    )


def token_hash(text: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _new_text(kind: ApiTokenKind) -> str:
    random = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARACTERS))
    body = _PREFIXES[kind] + random
    return body + _checksum(body)


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode("ascii"))
    digits = ""
    for _ in range(_CHECKSUM_CHARACTERS):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


def _checked_name(name: str) -> str:
    shown = name.strip()
    if not shown:
        raise UnacceptableName("a token needs a name, by which you know it later")
    if len(shown) > MAX_NAME_CHARACTERS:
        raise UnacceptableName(f"the name of a token has at most {MAX_NAME_CHARACTERS} characters")
    if not shown.isprintable():
        raise UnacceptableName("the name of a token holds no control characters")
    return shown
