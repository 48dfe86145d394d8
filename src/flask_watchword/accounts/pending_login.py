"""Between the two factors: a typed, short-lived token that says a password was right.

It is a token of a kind of its own, so that nothing which takes an access token takes it. It can do
one thing, be shown together with a second factor, and only for the account as it was: a change of
password or address, and being disabled, give the account another version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: The ``typ`` of the header (RFC 8725 section 3.11) and the ``type`` among the claims.
HEADER_TYPE = "pl+jwt"
CLAIM_TYPE = "pending_login"

#: Seconds: time to find a telephone, and no more.
LIFETIME = 300

_VERSION = "ver"


class NotPending(Exception):
    """A token by which no sign-in can be finished."""


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """A sign-in that lacks its second factor.

    Attributes:
        user_id: whose it is.
        user_version: the version of the user whose password was right.
    """

    user_id: str
    user_version: int


def pending_claims(user_id: str, user_version: int) -> dict[str, Any]:
    """Return the claims that make a token one of a pending sign-in.

    The token engine adds ``iss``, ``aud``, ``iat``, ``jti`` and ``exp``, the last by
    :data:`LIFETIME`.
    """
    return {"sub": user_id, "type": CLAIM_TYPE, _VERSION: user_version, "amr": ["pwd"]}


def read_pending(header: Mapping[str, Any], claims: Mapping[str, Any]) -> PendingLogin:
    """Return what a genuine token that has not expired says of a pending sign-in.

    Raises:
        NotPending: when it is a token of another kind.
    """
    if header.get("typ") != HEADER_TYPE or claims.get("type") != CLAIM_TYPE:
        raise NotPending("this token is not one of a pending sign-in")
    subject, version = claims.get("sub"), claims.get(_VERSION)
    if not isinstance(subject, str) or not subject or type(version) is not int:
        raise NotPending("this token does not say whose sign-in it is")
    return PendingLogin(subject, version)


def check_still_pending(
    pending: PendingLogin, user_version: int | None, *, is_disabled: bool
) -> None:
    """Refuse to go on with a sign-in to an account that is not what it was.

    Args:
        pending: what the token says.
        user_version: of the user now; ``None`` where there is none any more.
        is_disabled: whether the user is refused everywhere.

    Raises:
        NotPending: when the user has to begin anew.
    """
    if is_disabled or user_version != pending.user_version:
        raise NotPending("the account has changed since; sign in again")
