"""What claims must say: one small function for each, the policy a value, the time an argument.

The order is PyJWT's and so are the texts, for they are what applications already catch and show:
iat, nbf, exp's form, iss, aud, sub, jti, and last whether the token has expired. Being expired
comes last so that :class:`ExpiredSignatureError` means: nothing else is wrong.
"""

import math
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_watchword.errors import (
    DecodeError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuedAtError,
    InvalidIssuerError,
    InvalidJTIError,
    InvalidSubjectError,
    InvalidTokenError,
    MissingRequiredClaimError,
)
from flask_watchword.jose.jws import MAX_TOKEN_BYTES
from flask_watchword.jose.keys import Profile

Claims = Mapping[str, Any]

#: 9999-12-31T23:59:59Z: a NumericDate beyond it is no date that ``datetime`` knows.
LATEST_DATE = 253_402_300_799

_STRICT_REQUIRED = ("exp", "iss", "aud", "sub", "jti", "type")
_STRICT_TYPES = frozenset({"access", "refresh"})
#: What ``typ`` may be, and which ``type`` the token then has; ``None`` for either.
_STRICT_TYP: Mapping[str, str | None] = {"jwt": None, "at+jwt": "access", "rt+jwt": "refresh"}


@dataclass(frozen=True, slots=True)
class Policy:
    """What a token has to satisfy.

    Attributes:
        audience: one or several audiences, of which the token has to name one; ``None`` leaves
            ``aud`` unread.
        issuer: the issuer, or a container of issuers; ``None`` leaves ``iss`` unread.
        leeway: seconds that the clocks of issuer and receiver may differ.
        verify_subject: whether ``sub`` has to be a string where it is present.
        max_token_bytes: larger tokens are refused unseen.
        profile: ``strict`` also requires ``exp``, ``iss``, ``aud``, ``sub``, ``jti``, a known
            ``type`` and its ``typ``, and refuses ``cty`` (RFC 8725 sections 3.8 to 3.12).
    """

    audience: str | Iterable[str] | None = None
    issuer: str | Container[str] | None = None
    leeway: float = 0
    verify_subject: bool = True
    max_token_bytes: int = MAX_TOKEN_BYTES
    profile: Profile = "compatible"


def validate(claims: Claims, policy: Policy, now: float) -> tuple[float, float]:
    """Check everything but expiry.

    Args:
        claims: the claims of a token whose signature has been verified.
        policy: what they have to satisfy.
        now: seconds since the epoch.

    Returns:
        The second from which the token is valid and the second from which it is not; infinities
        where it does not say.

    Raises:
        TokenRejected: a subclass that names the first claim that does not satisfy.
    """
    latest = now + policy.leeway
    issued = issued_at(claims, latest)
    earliest = not_before(claims, latest)
    end = expiry(claims)
    if policy.issuer is not None:
        check_issuer(claims, policy.issuer)
    if policy.audience is not None:
        check_audience(claims, policy.audience)
    if policy.verify_subject:
        check_subject(claims)
    check_token_id(claims)
    return max(issued, earliest), end


def usual_dates(claims: Claims, policy: Policy, now: float) -> tuple[float, float] | None:
    """Check claims of the usual form in one go, or leave them to :func:`validate`.

    It accepts less than :func:`validate`, names nothing and returns the same.
    """
    get = claims.get
    issued, start, end = get("iat"), get("nbf"), get("exp")
    if (
        issued.__class__ is start.__class__ is end.__class__ is int
        and 0 <= issued <= start <= now
        and 0 <= end <= LATEST_DATE
        and get("sub").__class__ is str
        and get("jti").__class__ is str
        and policy.issuer is None
        and policy.audience is None
    ):
        return start, end
    return None


def validate_strictly(header: Claims, claims: Claims) -> None:
    """Check what the strict profile asks beyond :func:`validate`.

    Raises:
        MissingRequiredClaimError: for a required claim that is absent or null.
        InvalidTokenError: for a ``type`` or ``typ`` that is not known, for a ``typ`` of the other
            ``type``, and for ``cty``.
    """
    check_required(claims)
    check_type(claims)
    check_typ(header, claims)
    check_cty(header)


def check_required(claims: Claims) -> None:
    """Check that every claim which the strict profile requires is there, and not null."""
    for name in _STRICT_REQUIRED:
        if claims.get(name) is None:
            raise MissingRequiredClaimError(name)


def check_type(claims: Claims) -> None:
    """Check that ``type`` is one that the strict profile knows."""
    kind = claims["type"]
    if not isinstance(kind, str) or kind not in _STRICT_TYPES:
        raise InvalidTokenError("Unknown token type (type)")


def check_typ(header: Claims, claims: Claims) -> None:
    """Check that ``typ`` of the header is one that the strict profile knows, and fits ``type``.

    Other verifiers tell the kinds of token apart by ``typ`` alone (RFC 8725 section 3.11).
    """
    typ = header.get("typ")
    # RFC 7515 section 4.1.9: typ is a media type, compared without regard to case.
    name = typ.lower().removeprefix("application/") if isinstance(typ, str) else ""
    if name not in _STRICT_TYP:
        raise InvalidTokenError("Unknown token type (typ)")
    kind = _STRICT_TYP[name]
    if kind is not None and kind != claims["type"]:
        raise InvalidTokenError("The token's typ is that of another type")


def check_cty(header: Claims) -> None:
    """Check that the header has no ``cty``.

    It says that the payload is a token and no claims (RFC 7519 section 5.2).
    """
    if "cty" in header:
        raise InvalidTokenError("Nested tokens (cty) are not accepted")


def issued_at(claims: Claims, now: float) -> float:
    """Return ``iat`` (RFC 7519 section 4.1.6); minus infinity where it is absent.

    Raises:
        InvalidIssuedAtError: when it is no date.
        ImmatureSignatureError: when it is in the future.
    """
    issued = date_of(claims, "iat", -math.inf)
    if issued is None:
        raise InvalidIssuedAtError("Issued At claim (iat) must be an integer.")
    if issued > now:
        raise ImmatureSignatureError("The token is not yet valid (iat)")
    return issued


def not_before(claims: Claims, now: float) -> float:
    """Return ``nbf`` (RFC 7519 section 4.1.5); minus infinity where it is absent.

    Raises:
        DecodeError: when it is no date.
        ImmatureSignatureError: when it is in the future.
    """
    start = date_of(claims, "nbf", -math.inf)
    if start is None:
        raise DecodeError("Not Before claim (nbf) must be an integer.")
    if start > now:
        raise ImmatureSignatureError("The token is not yet valid (nbf)")
    return start


def expiry(claims: Claims) -> float:
    """Return ``exp`` (RFC 7519 section 4.1.4); infinity where it is absent.

    Raises:
        DecodeError: when it is no date.
    """
    end = date_of(claims, "exp", math.inf)
    if end is None:
        raise DecodeError("Expiration Time claim (exp) must be an integer.")
    return end


def date_of(claims: Claims, name: str, absent: float) -> float | None:
    """Read a NumericDate (RFC 7519 section 2).

    Returns:
        Whole seconds, as PyJWT counts them; ``absent`` for an absent claim; ``None`` for what is
        no number or lies beyond what a calendar can hold.
    """
    value = claims.get(name, absent)
    if value.__class__ is int and -LATEST_DATE <= value <= LATEST_DATE:
        whole: int = value
        return whole
    if name not in claims:
        return absent
    if value.__class__ is float and math.isfinite(value) and abs(value) <= LATEST_DATE:
        return int(value)
    return None


def check_issuer(claims: Claims, issuer: str | Container[str]) -> None:
    """Check ``iss`` (RFC 7519 section 4.1.1), whole and letter for letter."""
    if "iss" not in claims:
        raise MissingRequiredClaimError("iss")
    found = claims["iss"]
    if not isinstance(found, str):
        raise InvalidIssuerError("Payload Issuer (iss) must be a string")
    # ``in`` would find a part of a string.
    if found != issuer if isinstance(issuer, str) else found not in issuer:
        raise InvalidIssuerError("Invalid issuer")


def check_audience(claims: Claims, audience: str | Iterable[str]) -> None:
    """Check that ``aud`` names one of our audiences (RFC 7519 section 4.1.3)."""
    found = claims.get("aud")
    if not found:
        raise MissingRequiredClaimError("aud")
    if isinstance(found, str):
        found = [found]
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise InvalidAudienceError("Invalid claim format in token")
    ours = (audience,) if isinstance(audience, str) else audience
    if all(name not in found for name in ours):
        raise InvalidAudienceError("Audience doesn't match")


def check_subject(claims: Claims) -> None:
    """Check that ``sub`` is a string where it is present (RFC 7519 section 4.1.2)."""
    if "sub" in claims and not isinstance(claims["sub"], str):
        raise InvalidSubjectError("Subject must be a string")


def check_token_id(claims: Claims) -> None:
    """Check that ``jti`` is a string where it is present (RFC 7519 section 4.1.7)."""
    if "jti" in claims and not isinstance(claims["jti"], str):
        raise InvalidJTIError("JWT ID must be a string")
