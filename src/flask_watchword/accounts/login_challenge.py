"""Challenge tokens: short-lived tokens for a login whose password was right but needs another step.

They have a type of their own, so that nothing accepts them as access tokens. A challenge token can
only complete its login, together with the missing step, and only while the account is unchanged: a
change of password or address, and disabling, increment the account's version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_VERSION = "ver"


@dataclass(frozen=True, slots=True)
class ChallengeKind:
    """A kind of missing step, with the format of its token.

    Attributes:
        header_type: the ``typ`` header (RFC 8725 section 3.11).
        claim_type: the ``type`` claim.
        lifetime: the lifetime of the token, in seconds.
    """

    header_type: str
    claim_type: str
    lifetime: int


#: A second factor: time to find the phone.
SECOND_FACTOR = ChallengeKind("pl+jwt", "pending_login", 300)
#: A new password: time to choose one.
NEW_PASSWORD = ChallengeKind("pp+jwt", "pending_password", 600)


class InvalidChallenge(Exception):
    """The token cannot complete a login."""


@dataclass(frozen=True, slots=True)
class LoginChallenge:
    """A login that needs another step.

    Attributes:
        user_id: the user's id.
        user_version: the version of the user when the password was verified.
    """

    user_id: str
    user_version: int


def challenge_claims(kind: ChallengeKind, user_id: str, user_version: int) -> dict[str, Any]:
    """Return the claims of a challenge token.

    The token engine adds ``iss``, ``aud``, ``iat``, ``jti`` and ``exp``, from the kind's lifetime.
    """
    return {"sub": user_id, "type": kind.claim_type, _VERSION: user_version, "amr": ["pwd"]}


def read_challenge(
    kind: ChallengeKind, header: Mapping[str, Any], claims: Mapping[str, Any]
) -> LoginChallenge:
    """Return the challenge in a verified token.

    Raises:
        InvalidChallenge: if it is a token of another kind.
    """
    if header.get("typ") != kind.header_type or claims.get("type") != kind.claim_type:
        raise InvalidChallenge("this is not a challenge token of this kind")
    subject, version = claims.get("sub"), claims.get(_VERSION)
    if not isinstance(subject, str) or not subject or type(version) is not int:
        raise InvalidChallenge("the challenge token has no valid subject or version")
    return LoginChallenge(subject, version)


def check_challenge(
    challenge: LoginChallenge, user_version: int | None, *, is_disabled: bool
) -> None:
    """Reject a login to an account that has changed since the password was verified.

    Args:
        challenge: the challenge in the token.
        user_version: the user's current version; ``None`` if the user was deleted.
        is_disabled: whether the user is disabled.

    Raises:
        InvalidChallenge: if the user must start the login again.
    """
    if is_disabled or user_version != challenge.user_version:
        raise InvalidChallenge("the account has changed since; log in again")
