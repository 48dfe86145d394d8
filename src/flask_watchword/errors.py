"""Errors: why a token was rejected, and why a key cannot be used.

Applications written for Flask-JWT-Extended catch PyJWT's exception classes. So every rejection is a
subclass of the PyJWT class it stands for, under the same name (REST frameworks look errors up by
class name). Separate classes distinguish rejections from an application's own PyJWT errors.

Two base classes exist because of the order in which Flask looks for error handlers: it walks the
method resolution order of the exception. A handler for :class:`SpecificRejection` comes after one
that an application registers for the exact PyJWT class and before one for ``InvalidTokenError``;
a handler for :class:`TokenRejected` comes after ``InvalidTokenError``. So a handler of the
application takes precedence exactly where it does with Flask-JWT-Extended.
"""

from typing import Any, ClassVar

from jwt import exceptions as pyjwt

try:
    from jwt.warnings import InsecureKeyLengthWarning as InsecureKeyLengthWarning
except ImportError:  # PyJWT before 2.11 does not warn

    class InsecureKeyLengthWarning(UserWarning):  # type: ignore[no-redef]
        """A key that is shorter than the minimum recommended for its algorithm."""


class TokenRejected(pyjwt.PyJWTError):
    """A token was rejected. ``code`` is stable; the message may change.

    Catch this class for every rejection by Flask-Watchword.
    """

    code: ClassVar[str] = "invalid_token"


class SpecificRejection(pyjwt.InvalidTokenError, TokenRejected):
    """A rejection for which Flask-JWT-Extended registers a handler of its own."""


class InvalidTokenError(pyjwt.InvalidTokenError, TokenRejected):
    """A token rejected for a reason without a more specific class."""


class DecodeError(pyjwt.DecodeError, SpecificRejection):
    """A malformed token."""

    code = "malformed_token"


class InvalidSignatureError(pyjwt.InvalidSignatureError, SpecificRejection):
    """A token whose signature does not match any of the keys."""

    code = "invalid_signature"


class InvalidAlgorithmError(pyjwt.InvalidAlgorithmError, TokenRejected):
    """A token whose ``alg`` is not in the allow-list."""

    code = "invalid_algorithm"


class UnknownKeyError(InvalidTokenError):
    """A token whose ``kid`` names no known key; PyJWT has no class for it.

    Attributes:
        kid: the ``kid`` in the token's header; ``None`` when there is none.
    """

    code = "unknown_key"

    def __init__(self, message: str, kid: str | None) -> None:
        super().__init__(message)
        self.kid = kid


class ExpiredSignatureError(pyjwt.ExpiredSignatureError, SpecificRejection):
    """An expired token that is valid in every other respect.

    Attributes:
        jwt_header: a copy of the token's header.
        jwt_data: a copy of the token's claims.
    """

    code = "token_expired"

    def __init__(self, message: str, jwt_header: dict[str, Any], jwt_data: dict[str, Any]) -> None:
        super().__init__(message)
        self.jwt_header = jwt_header
        self.jwt_data = jwt_data


class ImmatureSignatureError(pyjwt.ImmatureSignatureError, TokenRejected):
    """A token that is not valid yet (``nbf`` or ``iat`` in the future)."""

    code = "token_not_yet_valid"


class InvalidIssuedAtError(pyjwt.InvalidIssuedAtError, TokenRejected):
    """A token whose ``iat`` is not a number of seconds."""

    code = "invalid_issued_at"


class InvalidIssuerError(pyjwt.InvalidIssuerError, SpecificRejection):
    """A token of another issuer."""

    code = "invalid_issuer"


class InvalidAudienceError(pyjwt.InvalidAudienceError, SpecificRejection):
    """A token for another audience."""

    code = "invalid_audience"


class InvalidSubjectError(pyjwt.InvalidSubjectError, TokenRejected):
    """A token whose ``sub`` is not a string."""

    code = "invalid_subject"


class InvalidJTIError(pyjwt.InvalidJTIError, TokenRejected):
    """A token whose ``jti`` is not a string."""

    code = "invalid_jti"


class MissingRequiredClaimError(pyjwt.MissingRequiredClaimError, SpecificRejection):
    """A token without a required claim."""

    code = "missing_claim"


class InvalidKeyError(pyjwt.InvalidKeyError):
    """A key that cannot be used with its algorithm.

    Not a :class:`TokenRejected`: the configuration is wrong, not the client's request.
    """
