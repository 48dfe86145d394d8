"""Inspect a token without verifying it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_watchword.errors import TokenRejected
from flask_watchword.jose import jws
from flask_watchword.jose.explain import UnverifiedToken, date, shown
from flask_watchword.jose.jwt import decode_unverified

_DATES = ("iat", "nbf", "exp", "auth_time")
#: A client proves with this value that it can read the CSRF cookie; with the token's cookie it is
#: enough to use the session.
_SECRET_CLAIMS = frozenset({"csrf"})
_HIDDEN = "(not shown)"


@dataclass(frozen=True, slots=True)
class Inspection:
    """The contents of an unverified token.

    Attributes:
        size: its length in bytes.
        header: its header; ``None`` if it cannot be parsed.
        claims: its claims, with secret values hidden; ``None`` if they cannot be parsed.
        dates: a description of each claim that is a date.
        signature: the length of its signature in characters; ``None`` without three segments.
        fault: why it is malformed; ``None`` if it is well formed.
    """

    size: int
    header: Mapping[str, Any] | None
    claims: Mapping[str, Any] | None
    dates: Mapping[str, str]
    signature: int | None
    fault: str | None

    def members(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "bytes": self.size,
            "header": self.header,
            "claims": self.claims,
            "dates": self.dates,
            "signature_characters": self.signature,
            "fault": self.fault,
        }

    def rows(self) -> Sequence[Sequence[str]]:
        """Return the rows of a table: part and content."""
        rows = [("size", f"{self.size} bytes")]
        rows += [(f"header {shown(k)}", shown(v)) for k, v in (self.header or {}).items()]
        rows += [
            (f"claim {shown(k)}", self.dates.get(k) or shown(v))
            for k, v in (self.claims or {}).items()
        ]
        if self.signature is not None:
            rows.append(("signature", f"{self.signature} characters, not verified"))
        if self.fault is not None:
            rows.append(("fault", self.fault))
        return rows


def inspect_token(token: str, now: float) -> Inspection:
    """Parse a token without verifying it.

    Args:
        token: the token.
        now: seconds since the epoch.
    """
    unverified = UnverifiedToken.parse(token)
    claims = None if unverified.claims is None else _shown_claims(unverified.claims)
    return Inspection(
        size=len(token),
        header=unverified.header,
        claims=claims,
        dates={n: date(claims, n, now) for n in _DATES if n in claims} if claims else {},
        signature=None if unverified.parts is None else len(unverified.parts[3]),
        fault=_fault(token),
    )


def _shown_claims(claims: Mapping[str, Any]) -> dict[str, Any]:
    return {n: _HIDDEN if n in _SECRET_CLAIMS else value for n, value in claims.items()}


def _fault(token: str) -> str | None:
    try:
        decode_unverified(token, jws.MAX_TOKEN_BYTES)
    except TokenRejected as error:
        return str(error)
    return None
