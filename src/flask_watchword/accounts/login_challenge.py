"""A login that lacks a step: a typed, short-lived token says that the password was right.

It is a token of a kind of its own, so that nothing which takes an access token takes it. It can do
one thing, be shown together with what the login lacks, and only for the account as it was: a change
of password or address, and being disabled, give the account another version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_VERSION = "ver"


@dataclass(frozen=True, slots=True)
class ChallengeKind:
    """What a login lacks.

    Attributes:
        header_type: the ``typ`` of the header (RFC 8725 section 3.11).
        claim_type: the ``type`` among the claims.
        lifetime: of the token, in seconds.
    """

    header_type: str
    claim_type: str
    lifetime: int


#: A second factor: time to find a telephone, and no more.
SECOND_FACTOR = ChallengeKind("pl+jwt", "pending_login", 300)
#: A new password: time to make one up.
NEW_PASSWORD = ChallengeKind("pp+jwt", "pending_password", 600)


class InvalidChallenge(Exception):
    """A token by which no sign-in can be finished."""


@dataclass(frozen=True, slots=True)
class LoginChallenge:
    """A sign-in that lacks a step.

    Attributes:
        user_id: whose it is.
        user_version: the version of the user whose password was right.
    """

    user_id: str
    user_version: int


def challenge_claims(kind: ChallengeKind, user_id: str, user_version: int) -> dict[str, Any]:
    """Return the claims that make a token one of a pending sign-in.

    The token engine adds ``iss``, ``aud``, ``iat``, ``jti`` and ``exp``, the last by the lifetime
    of the kind.
    """
    return {"sub": user_id, "type": kind.claim_type, _VERSION: user_version, "amr": ["pwd"]}


def read_challenge(
    kind: ChallengeKind, header: Mapping[str, Any], claims: Mapping[str, Any]
) -> LoginChallenge:
    """Return what a genuine token that has not expired says of a pending sign-in.

    Raises:
        InvalidChallenge: when it is a token of another kind.
    """
    if header.get("typ") != kind.header_type or claims.get("type") != kind.claim_type:
        raise InvalidChallenge("this token is not one of a pending sign-in")
    subject, version = claims.get("sub"), claims.get(_VERSION)
    if not isinstance(subject, str) or not subject or type(version) is not int:
        raise InvalidChallenge("this token does not say whose sign-in it is")
    return LoginChallenge(subject, version)


def check_challenge(
    pending: LoginChallenge, user_version: int | None, *, is_disabled: bool
) -> None:
    """Refuse to go on with a sign-in to an account that is not what it was.

    Args:
        pending: what the token says.
        user_version: of the user now; ``None`` where there is none any more.
        is_disabled: whether the user is refused everywhere.

    Raises:
        InvalidChallenge: when the user has to begin anew.
    """
    if is_disabled or user_version != pending.user_version:
        raise InvalidChallenge("the account has changed since; sign in again")
