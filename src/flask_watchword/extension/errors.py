"""The exceptions of the Flask surface: Flask-JWT-Extended's classes under their names."""

from typing import Any

Claims = dict[str, Any]


class JWTExtendedException(Exception):
    """What every exception of the Flask surface extends."""


class JWTDecodeError(JWTExtendedException):
    """A verified token lacks a claim that this application needs."""


class InvalidHeaderError(JWTExtendedException):
    """The header that carries the token has the wrong form."""


class InvalidQueryParamError(JWTExtendedException):
    """The query parameter that carries the token lacks its prefix."""


class NoAuthorizationError(JWTExtendedException):
    """No token was found where this endpoint looks for one."""


class CSRFError(JWTExtendedException):
    """The double submit value of a cookie's token is missing or another."""


class WrongTokenError(JWTExtendedException):
    """A refresh token where another is needed, or the other way round."""


class RevokedTokenError(JWTExtendedException):
    """A token that has been revoked.

    Attributes:
        code: by whom or what, where sessions know; stable.
    """

    def __init__(self, jwt_header: Claims, jwt_data: Claims, code: str | None = None) -> None:
        super().__init__("Token has been revoked")
        self.code = code
        self.jwt_header = jwt_header
        self.jwt_data = jwt_data


class _ErrorWithToken(JWTExtendedException):
    """An error that carries the verified token it is about."""

    def __init__(self, message: str, jwt_header: Claims, jwt_data: Claims) -> None:
        super().__init__(message)
        self.jwt_header = jwt_header
        self.jwt_data = jwt_data


class FreshTokenRequired(_ErrorWithToken):
    """A token that is not fresh, where a fresh one is needed."""


class UserLookupError(_ErrorWithToken):
    """The user lookup loader found nobody for a token."""


class UserClaimsVerificationError(_ErrorWithToken):
    """The token verification loader refused a token."""
