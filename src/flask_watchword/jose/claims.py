"""Claim validation: one small function per claim; policy and time are arguments.

Order and messages are PyJWT's, because applications catch and show them: ``iat``, ``nbf``, the form
of ``exp``, ``iss``, ``aud``, ``sub``, ``jti``. Whether the token has expired is checked last, so
:class:`ExpiredSignatureError` means that the token is valid in every other respect.
"""

import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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

#: 9999-12-31T23:59:59Z: the latest NumericDate that ``datetime`` can represent.
LATEST_DATE = 253_402_300_799

_STRICT_REQUIRED = ("exp", "iss", "aud", "sub", "jti", "type")
_STRICT_TYPES = frozenset({"access", "refresh"})
#: Accepted values of ``typ``, each with the ``type`` it requires; ``None`` for any.
_STRICT_TYP: Mapping[str, str | None] = {"jwt": None, "at+jwt": "access", "rt+jwt": "refresh"}


@dataclass(frozen=True, slots=True)
class Policy:
    """What the claims of a token have to satisfy.

    Attributes:
        audience: one or several audiences, of which the token has to name one; ``None`` does not
            check ``aud``.
        issuer: the issuer, or a container of issuers; ``None`` does not check ``iss``.
        leeway: seconds by which the clocks of issuer and receiver may differ.
        verify_subject: whether ``sub`` has to be a string if it is present.
        max_token_bytes: size limit; larger tokens are rejected before anything else.
        profile: ``strict`` also requires ``exp``, ``iss``, ``aud``, ``sub``, ``jti``, a known
            ``type`` and a matching ``typ``, and rejects ``cty`` (RFC 8725 sections 3.8 to 3.12).
        claim_checks: the checks that :func:`validate` runs for this policy, by name and in order.
            The first three return dates.
    """

    audience: str | Iterable[str] | None = None
    issuer: str | Container[str] | None = None
    leeway: float = 0
    verify_subject: bool = True
    max_token_bytes: int = MAX_TOKEN_BYTES
    profile: Profile = "compatible"
    claim_checks: "Sequence[tuple[str, ClaimCheck]]" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Select the checks that apply."""
        skipped = {
            "iss": self.issuer is None,
            "aud": self.audience is None,
            "sub": not self.verify_subject,
        }
        checks = tuple((name, check) for name, check in _CHECKS if not skipped.get(name))
        object.__setattr__(self, "claim_checks", checks)


#: Takes the claims, the policy and the latest second at which a token may become valid.
ClaimCheck = Callable[[Claims, Policy, float], Any]


def validate(claims: Claims, policy: Policy, now: float) -> tuple[float, float]:
    """Check everything except expiry.

    Args:
        claims: the claims of a token whose signature has been verified.
        policy: what they have to satisfy.
        now: seconds since the epoch.

    Returns:
        From when and until when the token is valid, seconds since the epoch; infinity where the
        token does not say.

    Raises:
        TokenRejected: a subclass for the first claim that is not acceptable.
    """
    latest = now + policy.leeway
    issued, start, end, *_ = [check(claims, policy, latest) for _, check in policy.claim_checks]
    return max(issued, start), end


def usual_dates(claims: Claims, policy: Policy, now: float) -> tuple[float, float] | None:
    """Check claims of the usual form at once; the fast path of :func:`validate`.

    Returns:
        What :func:`validate` returns; ``None`` for claims that it has to decide about, because it
        accepts more and raises the error.
    """
    get, issuer, audience = claims.get, policy.issuer, policy.audience
    issued, start, end = get("iat"), get("nbf"), get("exp")
    if (
        issued.__class__ is start.__class__ is end.__class__ is int
        and 0 <= issued <= start <= now
        and 0 <= end <= LATEST_DATE
        and get("sub").__class__ is str
        and get("jti").__class__ is str
        and (issuer is None or (issuer.__class__ is str and get("iss") == issuer))
        and (audience is None or (audience.__class__ is str and get("aud") == audience != ""))
    ):
        return start, end
    return None


def validate_strictly(header: Claims, claims: Claims) -> None:
    """Check what the strict profile requires in addition to :func:`validate`.

    Raises:
        MissingRequiredClaimError: for a required claim that is absent or null.
        InvalidTokenError: for an unknown ``type`` or ``typ``, for a ``typ`` of another ``type``,
            and for ``cty``.
    """
    for _, check in STRICT_CHECKS:
        check(header, claims)


def _check_required(_header: Claims, claims: Claims) -> None:
    for name in _STRICT_REQUIRED:
        if claims.get(name) is None:
            raise MissingRequiredClaimError(name)


def _check_type(_header: Claims, claims: Claims) -> None:
    kind = claims["type"]
    if not isinstance(kind, str) or kind not in _STRICT_TYPES:
        raise InvalidTokenError("Unknown token type (type)")


def _check_typ(header: Claims, claims: Claims) -> None:
    # Other verifiers distinguish the kinds of tokens by `typ` alone (RFC 8725 section 3.11).
    typ = header.get("typ")
    # RFC 7515 section 4.1.9: typ is a media type, compared case-insensitively.
    name = typ.lower().removeprefix("application/") if isinstance(typ, str) else ""
    if name not in _STRICT_TYP:
        raise InvalidTokenError("Unknown token type (typ)")
    kind = _STRICT_TYP[name]
    if kind is not None and kind != claims["type"]:
        raise InvalidTokenError("The token's typ is that of another type")


def _check_cty(header: Claims, _claims: Claims) -> None:
    # `cty` means that the payload is a nested token instead of claims (RFC 7519 section 5.2).
    if "cty" in header:
        raise InvalidTokenError("Nested tokens (cty) are not accepted")


#: The checks of the strict profile, by name and in order. They take header and claims.
STRICT_CHECKS: Sequence[tuple[str, Callable[[Claims, Claims], None]]] = (
    ("required claims", _check_required),
    ("type is known", _check_type),
    ("typ is known", _check_typ),
    ("cty", _check_cty),
)


def _issued_at(claims: Claims, _policy: Policy, latest: float) -> float:
    """Return ``iat`` (RFC 7519 section 4.1.6); minus infinity if it is absent.

    Raises:
        InvalidIssuedAtError: when it is not a date.
        ImmatureSignatureError: when it is in the future.
    """
    issued = date_of(claims, "iat", -math.inf)
    if issued is None:
        raise InvalidIssuedAtError("Issued At claim (iat) must be an integer.")
    if issued > latest:
        raise ImmatureSignatureError("The token is not yet valid (iat)")
    return issued


def _not_before(claims: Claims, _policy: Policy, latest: float) -> float:
    """Return ``nbf`` (RFC 7519 section 4.1.5); minus infinity if it is absent.

    Raises:
        DecodeError: when it is not a date.
        ImmatureSignatureError: when it is in the future.
    """
    start = date_of(claims, "nbf", -math.inf)
    if start is None:
        raise DecodeError("Not Before claim (nbf) must be an integer.")
    if start > latest:
        raise ImmatureSignatureError("The token is not yet valid (nbf)")
    return start


def _expiry(claims: Claims, _policy: Policy, _latest: float) -> float:
    """Return ``exp`` (RFC 7519 section 4.1.4); infinity if it is absent.

    Raises:
        DecodeError: when it is not a date.
    """
    end = date_of(claims, "exp", math.inf)
    if end is None:
        raise DecodeError("Expiration Time claim (exp) must be an integer.")
    return end


def date_of(claims: Claims, name: str, absent: float) -> float | None:
    """Read a NumericDate (RFC 7519 section 2).

    Returns:
        Whole seconds, as PyJWT counts them; ``absent`` for an absent claim; ``None`` for a value
        that is not a number or that ``datetime`` cannot represent.
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


def check_issuer(claims: Claims, policy: Policy, _latest: float = 0.0) -> None:
    """Check ``iss`` against a policy that has an issuer (RFC 7519 section 4.1.1); case-sensitive.

    Raises:
        MissingRequiredClaimError: when it is absent.
        InvalidIssuerError: when it is another issuer, or not a string.
    """
    if "iss" not in claims:
        raise MissingRequiredClaimError("iss")
    found, issuer = claims["iss"], policy.issuer
    if not isinstance(found, str):
        raise InvalidIssuerError("Payload Issuer (iss) must be a string")
    # ``in`` would match a substring.
    if found != issuer if isinstance(issuer, str) else issuer is None or found not in issuer:
        raise InvalidIssuerError("Invalid issuer")


def _check_audience(claims: Claims, policy: Policy, _latest: float) -> None:
    # RFC 7519 section 4.1.3.
    found, audience = claims.get("aud"), policy.audience
    if not found:
        raise MissingRequiredClaimError("aud")
    if isinstance(found, str):
        found = [found]
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise InvalidAudienceError("Invalid claim format in token")
    accepted = (audience,) if isinstance(audience, str) else audience or ()
    if all(name not in found for name in accepted):
        raise InvalidAudienceError("Audience doesn't match")


def _check_subject(claims: Claims, _policy: Policy, _latest: float) -> None:
    # RFC 7519 section 4.1.2.
    if "sub" in claims and not isinstance(claims["sub"], str):
        raise InvalidSubjectError("Subject must be a string")


def _check_token_id(claims: Claims, _policy: Policy, _latest: float) -> None:
    # RFC 7519 section 4.1.7.
    if "jti" in claims and not isinstance(claims["jti"], str):
        raise InvalidJTIError("JWT ID must be a string")


_CHECKS: Sequence[tuple[str, ClaimCheck]] = (
    ("iat", _issued_at),
    ("nbf", _not_before),
    ("exp is a date", _expiry),
    ("iss", check_issuer),
    ("aud", _check_audience),
    ("sub", _check_subject),
    ("jti", _check_token_id),
)
