"""Flask-JWT-Extended's module of exceptions, with the exceptions of this package."""

from flask_watchword.errors import TokenRejected
from flask_watchword.extension.errors import (
    CookieSentTwice,
    CSRFError,
    FreshTokenRequired,
    InsufficientPrivilege,
    InsufficientRole,
    InsufficientScope,
    InvalidHeaderError,
    InvalidQueryParamError,
    JWTDecodeError,
    JWTExtendedException,
    NoAuthorizationError,
    RevokedTokenError,
    SignInTooOld,
    UnprotectedViewWarning,
    UnusableToken,
    UnusableTokenWarning,
    UserClaimsVerificationError,
    UserLookupError,
    WrongTokenError,
)

#: The name in Flask-JWT-Extended 3.
UserLoadError = UserLookupError

__all__ = [
    "CSRFError",
    "CookieSentTwice",
    "FreshTokenRequired",
    "InsufficientPrivilege",
    "InsufficientRole",
    "InsufficientScope",
    "InvalidHeaderError",
    "InvalidQueryParamError",
    "JWTDecodeError",
    "JWTExtendedException",
    "NoAuthorizationError",
    "RevokedTokenError",
    "SignInTooOld",
    "TokenRejected",
    "UnprotectedViewWarning",
    "UnusableToken",
    "UnusableTokenWarning",
    "UserClaimsVerificationError",
    "UserLoadError",
    "UserLookupError",
    "WrongTokenError",
]
