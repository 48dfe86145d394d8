"""JWT (RFC 7519): encode claims, and decode and verify tokens.

There are two paths. The fast path accepts valid tokens of the usual form. The careful path
(:mod:`flask_watchword.jose.careful`) runs every check and raises the error. A malformed token is
also passed to PyJWT, because applications expect PyJWT's exceptions and messages; a token that
PyJWT would accept is still rejected.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import inf
from typing import Any, NamedTuple

import msgspec

from flask_watchword.clock import Clock, system_clock
from flask_watchword.errors import (
    ExpiredSignatureError,
    TokenRejected,
    UnknownKeyError,
)
from flask_watchword.jose import careful, jws
from flask_watchword.jose import claims as rules
from flask_watchword.jose.cache import TokenCache
from flask_watchword.jose.claims import Policy
from flask_watchword.jose.encoding import (
    b64url_decode,
    dump_object,
    parse_object,
)
from flask_watchword.jose.keys import Key
from flask_watchword.jose.pyjwt_errors import translate

#: How many verified tokens and headers a decoder caches.
CACHED_TOKENS = 4096
CACHED_HEADERS = 64
#: Larger tokens are verified each time, so that the cache is bounded in bytes as well.
MAX_CACHED_TOKEN_BYTES = 2048

_SCALARS = frozenset({str, int, float, bool, type(None)})
_JWT_HEADER = {"typ": "JWT"}
#: How many keys have their default header cached.
_CACHED_SIGNERS = 64


#: Header and claims of a token whose signature is valid, and the key that verified it.
_Signed = tuple[dict[str, Any], dict[str, Any], Key]


class Token(NamedTuple):
    """A verified token: copies of its header and claims, which the caller may change."""

    header: dict[str, Any]
    claims: dict[str, Any]


class VerifiedToken(msgspec.Struct, eq=False, gc=False):
    """A token whose signature and claims were verified. It is shared: never modify it.

    A struct is created four times as fast as an object with an ``__init__``. The garbage collector
    need not track it: JSON values cannot refer back to it.

    Attributes:
        header: the header, read only.
        claims: the claims, read only.
        valid_from: from when it is valid, seconds since the epoch, leeway included.
        valid_until: until when it is valid: the earlier of its own expiry and that of its key;
            infinity without either.
        key_id: the ``kid`` of the key that verified it; the header's ``kid`` when that key has
            none. A thief of a key can omit the header's ``kid``, but cannot make it another key.
        key_ends_at: when the key that it was signed with stops verifying.
    """

    header: dict[str, Any]
    claims: dict[str, Any]
    valid_from: float = -inf
    valid_until: float = inf
    key_id: str | None = None
    key_ends_at: float = inf
    _flat: bool | None = None

    def copy(self) -> Token:
        """Return copies of the header and claims, which the caller may change."""
        flat = self._flat
        if flat is None:
            flat = self._flat = _is_flat(self.header) and _is_flat(self.claims)
        if flat:
            return Token(self.header.copy(), self.claims.copy())
        return Token(_copy_deeply(self.header), _copy_deeply(self.claims))


def _is_flat(members: dict[str, Any]) -> bool:
    return _SCALARS.issuperset(map(type, members.values()))


def _copy_deeply(members: dict[str, Any]) -> dict[str, Any]:
    return {name: _copy_json(value) for name, value in members.items()}


def _copy_json(value: Any) -> Any:
    if isinstance(value, dict):
        return _copy_deeply(value)
    if isinstance(value, list):
        return [_copy_json(item) for item in value]
    return value


class Decoder:
    """Verify tokens against some keys and one policy.

    Verified tokens are cached, so that the signature of a token is verified once. What can change
    during a token's lifetime (``nbf`` and ``exp`` against the clock) is checked each time.

    Args:
        keys: the keys to select from, see :func:`~flask_watchword.jose.jws.keys_for`; their
            algorithms are the allow-list. Other keys require another decoder, because the cached
            tokens were verified with these.
        policy: what the claims have to satisfy.
        clock: seconds since the epoch.
        accept: called with the claims of a newly verified token. It may add claims, or reject the
            token by raising.
        complete: when a token has all of these claims, ``accept`` is not called.
    """

    def __init__(
        self,
        keys: Sequence[Key],
        policy: Policy,
        clock: Clock = system_clock,
        accept: Callable[[dict[str, Any]], None] | None = None,
        complete: frozenset[str] = frozenset(),
    ) -> None:
        self._keys = tuple(keys)
        self._policy = policy
        self._max_token_bytes = policy.max_token_bytes
        self._clock = clock
        self._accept = accept
        self._complete = complete
        #: Verified tokens by their text. The time of a look-up by the whole token leaks nothing: a
        #: forged token would have to collide under a keyed hash whose key is secret.
        self.verified: TokenCache[object, VerifiedToken] = TokenCache(CACHED_TOKENS)
        self._headers: TokenCache[bytes, tuple[dict[str, Any], Sequence[Key]]] = TokenCache(
            CACHED_HEADERS
        )

    def decode(self, token: str | bytes, *, allow_expired: bool = False) -> Token:
        """Verify a token and return its header and claims.

        Args:
            token: the compact serialization.
            allow_expired: whether to accept a token that has expired and is otherwise valid.

        Raises:
            ExpiredSignatureError: when it has expired and is otherwise valid.
            TokenRejected: another subclass, which tells why.
        """
        return self.verify(token, self._clock(), allow_expired=allow_expired).copy()

    def verify(
        self, token: str | bytes, now: float, *, allow_expired: bool = False
    ) -> VerifiedToken:
        """Verify a token as :meth:`decode` does, and return the shared cached record.

        Args:
            token: the compact serialization.
            now: seconds since the epoch.
            allow_expired: whether to accept a token that has expired and is otherwise valid.
        """
        verified = self.verified[token] if token.__class__ is str else None
        if verified is None:
            verified = self.verify_uncached(token, now)
        elif now < verified.valid_from:
            rules.validate(verified.claims, self._policy, now)
        if verified.valid_until <= now:
            _reject_expired(verified, now, allow_expired)
        return verified

    def verify_uncached(self, token: str | bytes, now: float) -> VerifiedToken:
        """Verify a token that is not cached, except for its expiry, and cache it.

        Args:
            token: the compact serialization.
            now: seconds since the epoch.

        Raises:
            TokenRejected: a subclass that tells why.
        """
        header, claims, key = self._verify_fast(token) or self._verify_carefully(token)
        policy = self._policy
        earliest, expiry = rules.usual_dates(claims, policy, now) or rules.validate(
            claims, policy, now
        )
        if policy.profile == "strict":
            rules.validate_strictly(header, claims)
        if self._accept is not None and not claims.keys() >= self._complete:
            self._accept(claims)
        valid_until, key_ends_at = expiry + policy.leeway, key.ends_at
        verified = VerifiedToken(
            header,
            claims,
            earliest - policy.leeway,
            valid_until if valid_until < key_ends_at else key_ends_at,
            header.get("kid") if key.kid is None else key.kid,
            key_ends_at,
        )
        if token.__class__ is str and len(token) <= MAX_CACHED_TOKEN_BYTES:
            self.verified.put(token, verified)
        return verified

    def _verify_fast(self, token: object) -> _Signed | None:
        """Verify the signature of a token whose header is cached.

        This is one function on purpose. Within a request the code of each further function has to
        be loaded into the CPU cache, so the same steps take longer as separate functions.

        Returns:
            ``None`` for a token that the careful path has to decide about: it accepts more, and it
            raises the error.
        """
        if token.__class__ is not str or len(token) > self._max_token_bytes:
            return None
        try:
            data = token.encode("ascii")
            signing_input, _, signature = data.rpartition(b".")
            segment, _, payload = signing_input.partition(b".")
            known = self._headers[segment]
            if known is None:
                return None
            header, keys = known
            octets = b64url_decode(signature)
            for key in keys:
                if key.verify(signing_input, octets):
                    return header, parse_object(b64url_decode(payload)), key
        except ValueError:
            pass
        return None

    def _verify_carefully(self, token: object) -> _Signed:
        candidate = careful.Candidate(token, self._keys, self._max_token_bytes)
        try:
            for _, check in careful.CHECKS:
                check(candidate)
        except TokenRejected as reason:
            raise translate(token, reason, self._max_token_bytes) from None
        # Only now: an unsigned header must not evict one that is in use.
        self._headers.put(candidate.parts[1], (candidate.header, candidate.usable_keys))
        return candidate.header, candidate.claims, candidate.key


def _reject_expired(verified: VerifiedToken, now: float, allow_expired: bool) -> None:
    # An expired key may be public by now, so its tokens are not even accepted as expired ones.
    if verified.key_ends_at <= now:
        raise UnknownKeyError("No key is known for this token", verified.header.get("kid"))
    if not allow_expired:
        raise ExpiredSignatureError("Signature has expired", *verified.copy())


def encode(
    claims: Mapping[str, Any],
    key: Key,
    header: Mapping[str, Any] | None = None,
    json_default: Callable[[Any], Any] | None = None,
) -> str:
    """Sign claims and return the token.

    Args:
        claims: the claims; dates as seconds since the epoch.
        key: the signing key; its algorithm becomes ``alg``, and its ``kid``, if any, ``kid``.
        header: further header members. ``typ`` defaults to ``JWT``; an empty ``typ`` omits it.
        json_default: converts a value that JSON cannot represent.

    Raises:
        InvalidKeyError: when the key is a public key.
        TypeError, ValueError: for a claim that cannot be serialized to JSON.
    """
    payload = dump_object(claims if isinstance(claims, dict) else dict(claims), json_default)
    if header:
        members = {**_JWT_HEADER, **header}
        if len(members) == 1 and type(members["typ"]) is str:
            segment = _header_of_type(key.algorithm, key.kid, members["typ"])
        else:
            segment = jws.header_segment(key.algorithm, key.kid, _typed(members), json_default)
    else:
        segment = _header_of_type(key.algorithm, key.kid, _JWT_HEADER["typ"])
    return jws.sign_segment(segment, payload, key)


@lru_cache(_CACHED_SIGNERS)
def _header_of_type(algorithm: str, kid: str | None, typ: str) -> bytes:
    return jws.header_segment(algorithm, kid, _typed({"typ": typ}))


def _typed(header: Mapping[str, Any]) -> Mapping[str, Any]:
    if header["typ"]:
        return header
    return {name: value for name, value in header.items() if name != "typ"}


def decode_unverified(token: str | bytes, max_token_bytes: int = jws.MAX_TOKEN_BYTES) -> Token:
    """Parse a token without verifying it. Use it to select a key, never to trust the token.

    Raises:
        TokenRejected: when it is malformed.
    """
    try:
        _, header_segment, payload, signature = jws.split_compact(token, max_token_bytes)
        header = jws.read_header(header_segment)
        claims = careful.parse_claims(payload)
        jws.decode_signature(signature)
    except TokenRejected as reason:
        raise translate(token, reason, max_token_bytes) from None
    return Token(header, claims)
