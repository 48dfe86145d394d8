"""Why a token is refused, and why a key cannot be used.

Applications written for Flask-JWT-Extended catch PyJWT's exception classes, so every refusal is
a subclass of the PyJWT class it stands for, under the same name (REST frameworks look errors up
by class name). Having classes of our own tells our refusals from an application's own PyJWT errors.

Two mix-ins exist because of the order in which Flask looks for handlers. It walks the method
resolution order of an exception. Handlers for :class:`SpecificRefusal` are found after those that
an application registers for the very PyJWT class and before those for ``InvalidTokenError``;
handlers for :class:`Refusal` come after ``InvalidTokenError``. So a handler of the application's
wins exactly where it wins with Flask-JWT-Extended.
"""

from typing import Any, ClassVar

from jwt import exceptions as pyjwt

try:
    from jwt.warnings import InsecureKeyLengthWarning as InsecureKeyLengthWarning
except ImportError:  # PyJWT before 2.11 does not warn

    class InsecureKeyLengthWarning(UserWarning):  # type: ignore[no-redef]
        """A key that is shorter than the minimum recommended for its algorithm."""


class Refusal(pyjwt.PyJWTError):
    """A token that is refused; ``code`` is stable, the message may improve."""

    code: ClassVar[str] = "invalid_token"


class SpecificRefusal(pyjwt.InvalidTokenError, Refusal):
    """A refusal of a kind that Flask-JWT-Extended handles under its own class."""


class InvalidTokenError(pyjwt.InvalidTokenError, Refusal):
    """A token refused for a reason that has no class of its own."""


class DecodeError(pyjwt.DecodeError, SpecificRefusal):
    """A token whose form is wrong."""

    code = "malformed_token"


class InvalidSignatureError(pyjwt.InvalidSignatureError, SpecificRefusal):
    """A token whose signature was not made by our key."""

    code = "invalid_signature"


class InvalidAlgorithmError(pyjwt.InvalidAlgorithmError, Refusal):
    """A token whose ``alg`` is not on the allow-list of the key."""

    code = "invalid_algorithm"


class UnknownKeyError(InvalidTokenError):
    """A token whose ``kid`` names no key here; PyJWT has no class for it.

    Attributes:
        kid: what the token calls its key; ``None`` where it does not.
    """

    code = "unknown_key"

    def __init__(self, message: str, kid: str | None) -> None:
        super().__init__(message)
        self.kid = kid


class ExpiredSignatureError(pyjwt.ExpiredSignatureError, SpecificRefusal):
    """A genuine token whose only fault is that it has expired.

    Attributes:
        jwt_header: the token's header, a dictionary of the receiver's own.
        jwt_data: the token's claims, likewise.
    """

    code = "token_expired"

    def __init__(self, message: str, jwt_header: dict[str, Any], jwt_data: dict[str, Any]) -> None:
        super().__init__(message)
        self.jwt_header = jwt_header
        self.jwt_data = jwt_data


class ImmatureSignatureError(pyjwt.ImmatureSignatureError, Refusal):
    """A token that is not valid yet."""

    code = "token_not_yet_valid"


class InvalidIssuedAtError(pyjwt.InvalidIssuedAtError, Refusal):
    """A token whose ``iat`` is not a number of seconds."""

    code = "invalid_issued_at"


class InvalidIssuerError(pyjwt.InvalidIssuerError, SpecificRefusal):
    """A token of another issuer."""

    code = "invalid_issuer"


class InvalidAudienceError(pyjwt.InvalidAudienceError, SpecificRefusal):
    """A token meant for somebody else."""

    code = "invalid_audience"


class InvalidSubjectError(pyjwt.InvalidSubjectError, Refusal):
    """A token whose ``sub`` is not a string."""

    code = "invalid_subject"


class InvalidJTIError(pyjwt.InvalidJTIError, Refusal):
    """A token whose ``jti`` is not a string."""

    code = "invalid_jti"


class MissingRequiredClaimError(pyjwt.MissingRequiredClaimError, SpecificRefusal):
    """A token that lacks a claim which has to be there."""

    code = "missing_claim"


class InvalidKeyError(pyjwt.InvalidKeyError):
    """A key that cannot serve its algorithm.

    No :class:`Refusal`: the configuration is wrong, not what a client sent.
    """
