"""The exceptions, where Flask-JWT-Extended has them: so that moving over is one word."""

from flask_watchword.extension.errors import (
    CSRFError,
    FreshTokenRequired,
    InsufficientPrivilege,
    InsufficientRole,
    InsufficientScope,
    InvalidCookieError,
    InvalidHeaderError,
    InvalidQueryParamError,
    JWTDecodeError,
    JWTExtendedException,
    NoAuthorizationError,
    RevokedTokenError,
    SignInTooOld,
    UserClaimsVerificationError,
    UserLookupError,
    WrongTokenError,
)

__all__ = [
    "CSRFError",
    "FreshTokenRequired",
    "InsufficientPrivilege",
    "InsufficientRole",
    "InsufficientScope",
    "InvalidCookieError",
    "InvalidHeaderError",
    "InvalidQueryParamError",
    "JWTDecodeError",
    "JWTExtendedException",
    "NoAuthorizationError",
    "RevokedTokenError",
    "SignInTooOld",
    "UserClaimsVerificationError",
    "UserLookupError",
    "WrongTokenError",
]
