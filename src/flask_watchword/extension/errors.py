"""The exceptions of the Flask extension, under Flask-JWT-Extended's names."""

from collections.abc import Sequence
from typing import Any, ClassVar

Claims = dict[str, Any]


class JWTExtendedException(Exception):
    """The base class of the exceptions of the Flask extension."""


class UnusableTokenWarning(UserWarning):
    """A token was created that will be rejected, or a cookie set that browsers will drop."""


class UnusableToken(ValueError):
    """The same in the strict profile, which does not create such a token or set such a cookie."""


class JWTDecodeError(JWTExtendedException):
    """A verified token lacks a claim that this application requires."""


class MissingCSRFValue(JWTDecodeError, KeyError):
    """A verified token has no CSRF value; Flask-JWT-Extended raises a plain ``KeyError``."""

    __str__ = Exception.__str__


class InvalidHeaderError(JWTExtendedException):
    """The header that carries the token has the wrong form."""


class InvalidQueryParamError(JWTExtendedException):
    """The query parameter that carries the token lacks its prefix."""


class CookieSentTwice(JWTExtendedException):
    """The request has two cookies for the token, and it is unknown which one the service set."""


class NoAuthorizationError(JWTExtendedException):
    """The request has no token in the locations of the endpoint.

    Attributes:
        missing: the text for each location, in the order in which they were checked.
    """

    def __init__(self, message: str = "", missing: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.missing = tuple(missing) or (message,)


class CSRFError(JWTExtendedException):
    """The CSRF value of a token in a cookie is missing or does not match."""


class WrongTokenError(JWTExtendedException):
    """A refresh token where another token is required, or the reverse."""


class RevokedTokenError(JWTExtendedException):
    """A token that has been revoked.

    Attributes:
        code: the stable code of the reason; ``None`` when only a blocklist loader knows it.
    """

    def __init__(self, jwt_header: Claims, jwt_data: Claims, code: str | None = None) -> None:
        super().__init__("Token has been revoked")
        self.code = code
        self.jwt_header = jwt_header
        self.jwt_data = jwt_data


class _ErrorWithToken(JWTExtendedException):
    """An error with the verified token."""

    def __init__(self, message: str, jwt_header: Claims, jwt_data: Claims) -> None:
        super().__init__(message)
        self.jwt_header = jwt_header
        self.jwt_data = jwt_data


class FreshTokenRequired(_ErrorWithToken):
    """A token that is not fresh where a fresh one is required."""


class SignInTooOld(FreshTokenRequired):
    """A token of a login that is too old.

    Attributes:
        max_age: the maximum age of the login in seconds.
        code: the stable code.
    """

    code: ClassVar[str] = "insufficient_user_authentication"

    def __init__(self, max_age: float, jwt_header: Claims, jwt_data: Claims) -> None:
        self.max_age = int(max_age)
        message = f"You signed in more than {self.max_age} seconds ago; sign in again"
        super().__init__(message, jwt_header, jwt_data)


class InsufficientPrivilege(_ErrorWithToken):
    """A token without a required role or scope.

    Attributes:
        code: the stable code.
        needed: the required roles or scopes.
    """

    code: ClassVar[str]
    _kind: ClassVar[str]

    def __init__(self, needed: Sequence[str], jwt_header: Claims, jwt_data: Claims) -> None:
        self.needed = tuple(needed)
        kind = self._kind if len(self.needed) == 1 else f"{self._kind}s"
        super().__init__(f"This needs the {kind} {', '.join(needed)}", jwt_header, jwt_data)


class InsufficientRole(InsufficientPrivilege):
    """A token without a required role."""

    code = "insufficient_role"
    _kind = "role"


class InsufficientScope(InsufficientPrivilege):
    """A token without a required scope."""

    code = "insufficient_scope"
    _kind = "scope"


class UserLookupError(_ErrorWithToken):
    """The user lookup loader found no user for a token."""


class UserClaimsVerificationError(_ErrorWithToken):
    """The token verification loader rejected a token."""


class UnprotectedViewWarning(UserWarning):
    """A view is unprotected because its decorator is above ``@app.route``."""
