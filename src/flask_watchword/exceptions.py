"""The exceptions, where Flask-JWT-Extended has them: so that moving over is one word."""

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

#: What release 3 of Flask-JWT-Extended called it.
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
    "UnprotectedViewWarning",
    "UnusableToken",
    "UnusableTokenWarning",
    "UserClaimsVerificationError",
    "UserLoadError",
    "UserLookupError",
    "WrongTokenError",
]
