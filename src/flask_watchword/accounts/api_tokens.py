"""API tokens: personal access tokens, and the secrets of OAuth clients.

A token is ``wwp_`` followed by 36 letters and digits: a prefix that people and secret scanners
recognise, 178 random bits, and a checksum, so that a typing error or a look-alike costs no look-up.
Its SHA-256 is stored. That many random bits cannot be guessed, so a slow hash would add no
protection, and a plain hash can be found by an index.
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

#: Maximum length of a name.
MAX_NAME_CHARACTERS = 100

#: Seconds between two updates of the last use of a token: a busy token is not updated each time.
USE_RECORDED_EVERY = 60.0

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_CHARACTERS = 30
_CHECKSUM_CHARACTERS = 6  # 62**6 is more than a CRC-32 has values


class ApiTokenKind(StrEnum):
    """The kind of an API token: a user's own, or the secret of an OAuth client."""

    PERSONAL = "personal"
    CLIENT = "client"


_PREFIXES = {ApiTokenKind.PERSONAL: "wwp_", ApiTokenKind.CLIENT: "wwc_"}


class UnacceptableName(ValueError):
    """The name of a token is invalid; the message says why."""


class ScopeNotHeld(ValueError):
    """A token cannot have scopes that its owner does not have.

    Attributes:
        scopes: these scopes, sorted.
    """

    def __init__(self, scopes: Iterable[str]) -> None:
        self.scopes = sorted(scopes)
        super().__init__(f"you do not have these scopes: {' '.join(self.scopes)}")


@dataclass(frozen=True, slots=True)
class ApiToken:
    """The record of a token, without the token itself.

    Attributes:
        id: its id in the API; for a client, the ``client_id``.
        kind: personal access token or client.
        owner: the user who created it, and who is the subject of a personal one.
        name: the name given by the owner.
        scopes: the scopes of the token.
        token_hash: SHA-256 of the token, in hexadecimal.
        created_at: seconds since the epoch.
        expires_at: when it expires; ``None`` for never.
        last_used_at: when it was last used, to the minute; ``None`` for never.
        revoked_at: when it was revoked; ``None`` if it was not.
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

    def has_ended(self, now: float) -> bool:
        """Tell whether the token has expired or was revoked."""
        return self.revoked_at is not None or (
            self.expires_at is not None and now >= self.expires_at
        )


class ApiTokenStore(Protocol):
    """Stores tokens by their hashes."""

    def add(self, token: ApiToken) -> None:
        """Store a new token."""

    def by_hash(self, token_hash: str) -> ApiToken | None:
        """Return the token with this hash, active or not: one look-up by an index."""

    def of_owner(self, owner: str) -> Sequence[ApiToken]:
        """Return a user's tokens, active or not, the newest first."""

    def revoke(self, token_id: str, owner: str, now: float) -> bool:
        """Revoke one of a user's tokens; return whether it is theirs and was not revoked before."""

    def record_use(self, token_id: str, now: float, unless_after: float) -> None:
        """Record a use of a token, unless one after a given time is recorded.

        One statement. The value is informational: if the store cannot write at the moment, the
        request is not rejected for that.
        """

    def remove_all(self, owner: str) -> None:
        """Delete all tokens of a user, when the user is deleted."""

    def purge(self, before: float, limit: int) -> int:
        """Delete up to ``limit`` tokens that ended before a given time; return how many."""


def new_api_token(
    kind: ApiTokenKind,
    owner: str,
    name: str,
    scopes: Collection[str],
    held: Collection[str],
    now: float,
    lifetime: float | None,
) -> tuple[ApiToken, str]:
    """Return the record of a new token, to store, and the token, to show once.

    Args:
        kind: personal access token or client.
        owner: the user who creates it.
        name: its name.
        scopes: its scopes.
        held: the scopes of the owner. A token cannot have others.
        now: seconds since the epoch.
        lifetime: seconds until it expires; ``None`` for never.

    Raises:
        UnacceptableName: if the name is empty, too long, or not printable.
        ScopeNotHeld: if the owner does not have one of the scopes.
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
    """Return the record of a presented token; ``None`` if it is unknown, expired or revoked.

    The caller checks whether the owner is still active.
    """
    if not looks_like(kind, text):
        return None
    digest = token_hash(text)
    token = store.by_hash(digest)
    # Compared again, in constant time: an index may compare less strictly than we do.
    if token is None or not hmac.compare_digest(token.token_hash, digest):
        return None
    if token.has_ended(now):
        return None
    if token.last_used_at is None or now - token.last_used_at >= USE_RECORDED_EVERY:
        store.record_use(token.id, now, now - USE_RECORDED_EVERY)
    return token


def find_client(store: ApiTokenStore, client_id: str, secret: str, now: float) -> ApiToken | None:
    """Return the client with these credentials (RFC 6749 section 2.3.1)."""
    token = find_api_token(store, ApiTokenKind.CLIENT, secret, now)
    if token is None:
        return None
    shown = client_id.encode("utf-8", "surrogatepass")
    return token if hmac.compare_digest(token.id.encode(), shown) else None


def scopes_now(token: ApiToken, held: Collection[str]) -> frozenset[str]:
    """Return the effective scopes of a token: those that its owner still has."""
    return token.scopes & frozenset(held)


def looks_like(kind: ApiTokenKind, text: str) -> bool:
    """Tell whether a text has the format of a token of this kind, including the checksum.

    The checksum is no protection: anyone who makes up a token can compute it.
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
    """Return the stored hash of a token."""
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
        raise UnacceptableName("a token needs a name, to recognise it later")
    if len(shown) > MAX_NAME_CHARACTERS:
        raise UnacceptableName(f"the name of a token has at most {MAX_NAME_CHARACTERS} characters")
    if not shown.isprintable():
        raise UnacceptableName("the name of a token cannot contain control characters")
    return shown


def client_ids_of(tokens: ApiTokenStore, owner: str) -> list[str]:
    """Return the ids of the clients of a user; each is the subject of its own access tokens."""
    return [one.id for one in tokens.of_owner(owner) if one.kind is ApiTokenKind.CLIENT]
