"""The exceptions of the Flask surface: Flask-JWT-Extended's classes under their names."""

from collections.abc import Sequence
from typing import Any, ClassVar

Claims = dict[str, Any]


class JWTExtendedException(Exception):
    """What every exception of the Flask surface extends."""


class UnusableTokenWarning(UserWarning):
    """A token was created, or put into a cookie, that will not be accepted or not be kept."""


class UnusableToken(ValueError):
    """The same under the strict profile, which creates no such token and sets no such cookie."""


class JWTDecodeError(JWTExtendedException):
    """A verified token lacks a claim that this application needs."""


class MissingCSRFValue(JWTDecodeError, KeyError):
    """A verified token has no CSRF value; Flask-JWT-Extended raises a plain ``KeyError``."""

    __str__ = Exception.__str__


class InvalidHeaderError(JWTExtendedException):
    """The header that carries the token has the wrong form."""


class InvalidQueryParamError(JWTExtendedException):
    """The query parameter that carries the token lacks its prefix."""


class CookieSentTwice(JWTExtendedException):
    """The cookie that carries the token came twice, and nobody can tell which is the service's."""


class NoAuthorizationError(JWTExtendedException):
    """No token was found where this endpoint looks for one.

    Attributes:
        missing: what each place lacked, in the order in which they were looked at.
    """

    def __init__(self, message: str = "", missing: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.missing = tuple(missing) or (message,)


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


class SignInTooOld(FreshTokenRequired):
    """A token of a sign-in that is too long ago.

    Attributes:
        max_age: how many seconds ago it may be.
        code: stable.
    """

    code: ClassVar[str] = "insufficient_user_authentication"

    def __init__(self, max_age: float, jwt_header: Claims, jwt_data: Claims) -> None:
        self.max_age = int(max_age)
        message = f"You signed in more than {self.max_age} seconds ago; sign in again"
        super().__init__(message, jwt_header, jwt_data)


class InsufficientPrivilege(_ErrorWithToken):
    """A token that does not allow what was asked for.

    Attributes:
        code: what it lacks, stable.
        needed: the names of all that is needed.
    """

    code: ClassVar[str]
    _kind: ClassVar[str]

    def __init__(self, needed: Sequence[str], jwt_header: Claims, jwt_data: Claims) -> None:
        self.needed = tuple(needed)
        kind = self._kind if len(self.needed) == 1 else f"{self._kind}s"
        super().__init__(f"This needs the {kind} {', '.join(needed)}", jwt_header, jwt_data)


class InsufficientRole(InsufficientPrivilege):
    """A token without a role that is needed."""

    code = "insufficient_role"
    _kind = "role"


class InsufficientScope(InsufficientPrivilege):
    """A token without a scope that is needed."""

    code = "insufficient_scope"
    _kind = "scope"


class UserLookupError(_ErrorWithToken):
    """The user lookup loader found nobody for a token."""


class UserClaimsVerificationError(_ErrorWithToken):
    """The token verification loader refused a token."""


class UnprotectedViewWarning(UserWarning):
    """A view is open, because the decorator that should protect it stands above ``@app.route``."""
