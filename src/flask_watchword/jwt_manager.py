"""``JWTManager``, and the other names that programs import from Flask-JWT-Extended's module."""

from typing import TYPE_CHECKING

from jwt import (
    DecodeError,
    ExpiredSignatureError,
    InvalidAudienceError,
    InvalidIssuerError,
    InvalidTokenError,
    MissingRequiredClaimError,
)

from flask_watchword.config import config
from flask_watchword.exceptions import (
    CSRFError,
    FreshTokenRequired,
    InvalidHeaderError,
    InvalidQueryParamError,
    JWTDecodeError,
    NoAuthorizationError,
    RevokedTokenError,
    UserClaimsVerificationError,
    UserLookupError,
    WrongTokenError,
)
from flask_watchword.extension.compat_modules import PUBLIC_CODECS, without_private_names
from flask_watchword.extension.manager import JWTManager
from flask_watchword.extension.verification.current import current_user_context_processor
from flask_watchword.typing import ExpiresDelta, Fresh

__all__ = [
    "CSRFError",
    "DecodeError",
    "ExpiredSignatureError",
    "ExpiresDelta",
    "Fresh",
    "FreshTokenRequired",
    "InvalidAudienceError",
    "InvalidHeaderError",
    "InvalidIssuerError",
    "InvalidQueryParamError",
    "InvalidTokenError",
    "JWTDecodeError",
    "JWTManager",
    "MissingRequiredClaimError",
    "NoAuthorizationError",
    "RevokedTokenError",
    "UserClaimsVerificationError",
    "UserLookupError",
    "WrongTokenError",
    "config",
    "current_user_context_processor",
]

if not TYPE_CHECKING:
    __getattr__ = without_private_names(__name__, PUBLIC_CODECS)
