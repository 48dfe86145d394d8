"""Who may ask an endpoint."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_watchword.extension.decorators import jwt_expired_token_required, jwt_required

View = Callable[..., Any]
Codes = tuple[str, ...]

#: What may be wrong with a token itself; ``errors.py`` says of each what it is.
_WRONG = (
    "token_expired",
    "token_not_yet_valid",
    "invalid_token",
    "malformed_token",
    "missing_claim",
    "invalid_signature",
    "invalid_algorithm",
    "unknown_key",
    "invalid_issuer",
    "invalid_audience",
    "invalid_subject",
    "invalid_issued_at",
    "invalid_jti",
)
#: Its session is over, or it was revoked, or its key was.
_NO_MORE = ("session_ended", "refresh_reused", "token_revoked", "key_revoked")
_OF_A_TOKEN: Mapping[int, Codes] = {
    401: ("missing_token", *_WRONG, *_NO_MORE),
    503: ("keys_unavailable",),  # those of another issuer, where an application has any
}


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may ask.

    Attributes:
        protect: returns a view that runs only for whoever may.
        tokens: the kinds of token it takes, ``access``, ``refresh`` or either; empty without one.
        refusals: the codes of whom it refuses, by status.
    """

    protect: Callable[[View], View]
    tokens: tuple[str, ...] = ()
    refusals: Mapping[int, Codes] = field(default_factory=dict)

    def refusals_of(self, method: str) -> Mapping[int, Codes]:
        """Return the codes of whom it refuses under a method, by status."""
        return self.refusals


def _everybody(view: View) -> View:
    return view


#: Whoever asks.
PUBLIC = Guard(_everybody)
#: Whoever has an access token.
ACCESS = Guard(jwt_required(), ("access",), _OF_A_TOKEN)
#: Whoever has a refresh token.
REFRESH = Guard(jwt_required(refresh=True), ("refresh",), _OF_A_TOKEN)
#: Whoever has a token of a session, be it an access or a refresh token.
SESSION = Guard(jwt_required(verify_type=False), ("access", "refresh"), _OF_A_TOKEN)
#: Whoever has an access token that has expired, and has no other fault.
EXPIRED = Guard(jwt_expired_token_required(), ("access",), _OF_A_TOKEN)
