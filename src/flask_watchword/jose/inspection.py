"""What a token says, for people; nothing of it is verified."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_watchword.errors import TokenRejected
from flask_watchword.jose import jws
from flask_watchword.jose.explain import Reading, date, shown
from flask_watchword.jose.jwt import decode_unverified

_DATES = ("iat", "nbf", "exp", "auth_time")
#: What a page shows beside a cookie: who has both has the session.
_SECRET_CLAIMS = frozenset({"csrf"})
_HIDDEN = "(not shown)"


@dataclass(frozen=True, slots=True)
class Inspection:
    """What an unverified token says.

    Attributes:
        size: its bytes.
        header: its header; ``None`` where it cannot be read.
        claims: its claims, but for those that are secret; likewise.
        dates: of the claims that are dates, the date in words.
        signature: the length of its signature, in characters; ``None`` without segments.
        fault: why it is no token; ``None`` for one that is well formed.
    """

    size: int
    header: Mapping[str, Any] | None
    claims: Mapping[str, Any] | None
    dates: Mapping[str, str]
    signature: int | None
    fault: str | None

    def members(self) -> dict[str, Any]:
        """Return it as an object of JSON."""
        return {
            "bytes": self.size,
            "header": self.header,
            "claims": self.claims,
            "dates": self.dates,
            "signature_characters": self.signature,
            "fault": self.fault,
        }

    def rows(self) -> Sequence[Sequence[str]]:
        """Return it as rows of a table: part, and what it says."""
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


def inspected(token: str, now: float) -> Inspection:
    """Return what a token says.

    Args:
        token: the token.
        now: seconds since the epoch.
    """
    reading = Reading.of(token)
    claims = None if reading.claims is None else _shown_claims(reading.claims)
    return Inspection(
        size=len(token),
        header=reading.header,
        claims=claims,
        dates={n: date(claims, n, now) for n in _DATES if n in claims} if claims else {},
        signature=None if reading.parts is None else len(reading.parts[3]),
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
