"""JWT (RFC 7519): encode claims, and decode tokens as fast as they can be checked.

Accepting and refusing are two jobs. Accepting is the hot path and is done here. Where a token is
not accepted, its form is shown to PyJWT first, because the names and texts that PyJWT gives to
malformed tokens are what applications know; what PyJWT would let pass is still refused.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import inf
from typing import Any, NamedTuple

from flask_watchword.clock import Clock, system_clock
from flask_watchword.errors import (
    DecodeError,
    ExpiredSignatureError,
    TokenRejected,
    UnknownKeyError,
)
from flask_watchword.jose import claims as rules
from flask_watchword.jose import jws
from flask_watchword.jose.cache import TokenCache
from flask_watchword.jose.claims import Policy
from flask_watchword.jose.encoding import (
    b64url_decode,
    dump_object,
    parse_object,
)
from flask_watchword.jose.keys import Key
from flask_watchword.jose.pyjwt_errors import translate

#: Verified tokens and their headers that a decoder remembers.
CACHED_TOKENS = 4096
CACHED_HEADERS = 64
#: Larger tokens are verified each time, so that the memory is bounded in bytes as well.
MAX_CACHED_TOKEN_BYTES = 2048

_SCALARS = frozenset({str, int, float, bool, type(None)})
_JWT_HEADER = {"typ": "JWT"}
#: Keys whose header for a token that has none of its own is kept ready.
_CACHED_SIGNERS = 64


#: Header and claims of a genuine token, and the key that says so.
_Opened = tuple[dict[str, Any], dict[str, Any], Key]


class Token(NamedTuple):
    """A verified token: its header and its claims, both the receiver's own to change."""

    header: dict[str, Any]
    claims: dict[str, Any]


class VerifiedToken:
    """A token whose signature and claims were verified; shared, so never to be changed.

    Attributes:
        header: the header, read only.
        claims: the claims, read only.
        valid_from: second since the epoch from which it is valid, leeway allowed for.
        valid_until: second from which it is not any more, because it or its key has come to its
            end; infinity without either.
        key_ends_at: second from which the key that it was signed with verifies no more.
        key_id: the name of the key it was signed with; the header's ``kid`` where that key has
            none. Who stole a key can leave the header's out, but not choose another key.
    """

    __slots__ = (
        "_flat",
        "claims",
        "header",
        "key_ends_at",
        "key_id",
        "valid_from",
        "valid_until",
    )

    def __init__(
        self,
        header: dict[str, Any],
        claims: dict[str, Any],
        valid_from: float = -inf,
        valid_until: float = inf,
        key_id: str | None = None,
        key_ends_at: float = inf,
    ) -> None:
        self.header = header
        self.claims = claims
        self.valid_from = valid_from
        self.valid_until = min(valid_until, key_ends_at)
        self.key_id = key_id
        self.key_ends_at = key_ends_at
        self._flat: bool | None = None

    def copy(self) -> Token:
        """Return a header and claims of the receiver's own: to change them changes no others."""
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

    Verified tokens are remembered, so that a signature is computed once in a token's life. What
    may change while a token lives (its time has come, its time is over) is asked every time.

    Args:
        keys: the keys to choose from, see :func:`~flask_watchword.jose.jws.keys_for`; their
            algorithms are the allow-list. Other keys need another decoder: what it remembers was
            verified with these.
        policy: what the claims have to satisfy.
        clock: where the time comes from.
        accept: called with the claims of a newly verified token, which it may complete or
            refuse by raising.
        complete: claims that make ``accept`` needless where a token has them all.
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
        #: Verified tokens by their text. A look-up by the whole token leaks nothing by its time:
        #: a token one does not have would have to collide under a hash whose key is secret.
        self.verified: TokenCache[object, VerifiedToken] = TokenCache(CACHED_TOKENS)
        self._headers: TokenCache[bytes, tuple[dict[str, Any], Sequence[Key]]] = TokenCache(
            CACHED_HEADERS
        )

    def decode(self, token: str | bytes, *, allow_expired: bool = False) -> Token:
        """Verify a token and return its header and claims.

        Args:
            token: the compact serialisation.
            allow_expired: whether a token whose only fault is its age is accepted.

        Raises:
            ExpiredSignatureError: when the token's only fault is its age.
            TokenRejected: another subclass, which says what is wrong.
        """
        return self.verify(token, self._clock(), allow_expired=allow_expired).copy()

    def verify(
        self, token: str | bytes, now: float, *, allow_expired: bool = False
    ) -> VerifiedToken:
        """Verify a token as :meth:`decode` does and return the shared record of it.

        Args:
            token: the compact serialisation.
            now: seconds since the epoch.
            allow_expired: whether a token whose only fault is its age is accepted.
        """
        verified = self.verified[token] if token.__class__ is str else None
        if verified is None:
            verified = self.verify_uncached(token, now)
        elif now < verified.valid_from:
            rules.validate(verified.claims, self._policy, now)
        if verified.valid_until <= now:
            _refuse_after_end(verified, now, allow_expired)
        return verified

    def verify_uncached(self, token: str | bytes, now: float) -> VerifiedToken:
        """Verify a token that is not remembered, all but whether its time is over, and remember it.

        Args:
            token: the compact serialisation.
            now: seconds since the epoch.

        Raises:
            TokenRejected: a subclass that says what is wrong.
        """
        header, claims, key = self._verify_fast(token) or self._open(token)
        policy = self._policy
        earliest, expiry = rules.usual_dates(claims, policy, now) or rules.validate(
            claims, policy, now
        )
        if policy.profile == "strict":
            rules.validate_strictly(header, claims)
        if self._accept is not None and not claims.keys() >= self._complete:
            self._accept(claims)
        verified = VerifiedToken(
            header,
            claims,
            earliest - policy.leeway,
            expiry + policy.leeway,
            header.get("kid") if key.kid is None else key.kid,
            key.ends_at,
        )
        if token.__class__ is str and len(token) <= MAX_CACHED_TOKEN_BYTES:
            self.verified.put(token, verified)
        return verified

    def _verify_fast(self, token: object) -> _Opened | None:
        """Open a genuine token whose header is known, or leave it to :meth:`_open`.

        One function on purpose: between the work of a request, the code of each function that is
        called lies in cold memory, so the same steps take longer as functions. It accepts less
        than :meth:`_open` and names nothing.
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

    def _open(self, token: object) -> _Opened:
        try:
            signing_input, segment, payload, signature = jws.split_compact(
                token, self._max_token_bytes
            )
            header = jws.read_header(segment)
            keys = jws.keys_for(header, self._keys)
            key = jws.verify_signature(signing_input, signature, keys)
            claims = parse_claims(payload)
        except TokenRejected as reason:
            raise translate(token, reason, self._max_token_bytes) from None
        # Only now: a header that nobody signed must not push out those that are in use.
        self._headers.put(segment, (header, keys))
        return header, claims, key


def _refuse_after_end(verified: VerifiedToken, now: float, allow_expired: bool) -> None:
    # A key that is over may be in anybody's hands by now, so its tokens are not even old ones.
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
        key: what to sign with; its algorithm becomes ``alg``, and ``kid`` is its own if it has one.
        header: further header members; ``typ`` is ``JWT`` unless it says otherwise, and left
            out where it is empty.
        json_default: turns a claim that JSON has no form for into one that it has.

    Raises:
        InvalidKeyError: when the key is public.
        TypeError, ValueError: for a claim that cannot be written as JSON.
    """
    payload = dump_object(claims if isinstance(claims, dict) else dict(claims), json_default)
    if header:
        members = {**_JWT_HEADER, **header}
        if not members["typ"]:
            del members["typ"]
        segment = jws.header_segment(key.algorithm, key.kid, members, json_default)
    else:
        segment = _plain_header(key.algorithm, key.kid)
    return jws.sign_segment(segment, payload, key)


@lru_cache(_CACHED_SIGNERS)
def _plain_header(algorithm: str, kid: str | None) -> bytes:
    return jws.header_segment(algorithm, kid, _JWT_HEADER)


def decode_unverified(token: str | bytes, max_token_bytes: int = jws.MAX_TOKEN_BYTES) -> Token:
    """Read a token that nobody has verified; for choosing a key, never for trusting it.

    Raises:
        TokenRejected: when its form is wrong.
    """
    try:
        _, header_segment, payload, signature = jws.split_compact(token, max_token_bytes)
        header = jws.read_header(header_segment)
        claims = parse_claims(payload)
        jws.decode_signature(signature)
    except TokenRejected as reason:
        raise translate(token, reason, max_token_bytes) from None
    return Token(header, claims)


def parse_claims(segment: bytes) -> dict[str, Any]:
    """Parse a payload segment as claims.

    Raises:
        DecodeError: when it is not canonical base64url of one strict JSON object.
    """
    try:
        return parse_object(jws.decode_payload(segment))
    except ValueError as error:
        raise DecodeError(f"Invalid payload string: {error}") from error
