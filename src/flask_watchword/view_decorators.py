"""Flask-JWT-Extended's module for protecting views.

If tests replace ``verify_jwt_in_request`` here, ``jwt_required`` and the decorators of release 3
call the replacement.
"""

from typing import TYPE_CHECKING

from flask_watchword.config import config
from flask_watchword.exceptions import (
    CSRFError,
    FreshTokenRequired,
    InvalidHeaderError,
    InvalidQueryParamError,
    NoAuthorizationError,
    UserLookupError,
)
from flask_watchword.extension.compat_modules import (
    pass_on_replacements,
    without_private_names,
)
from flask_watchword.extension.legacy.functions import (
    fresh_jwt_required,
    jwt_optional,
    jwt_refresh_token_required,
    verify_fresh_jwt_in_request,
    verify_jwt_in_request_optional,
    verify_jwt_refresh_token_in_request,
)
from flask_watchword.extension.permissions.decorators import (
    fresh_required,
    roles_required,
    scopes_required,
)
from flask_watchword.extension.tokens.api import decode_token, get_unverified_jwt_headers
from flask_watchword.extension.verification.decorators import (
    jwt_expired_token_required,
    jwt_required,
    replace_expired_verification,
    replace_verification,
    verify_expired_in_request,
    verify_jwt_in_request,
)
from flask_watchword.extension.verification.requirements import LocationType
from flask_watchword.internal_utils import (
    custom_verification_for_token,
    has_user_lookup,
    user_lookup,
    verify_token_not_blocklisted,
    verify_token_type,
)

__all__ = [
    "CSRFError",
    "FreshTokenRequired",
    "InvalidHeaderError",
    "InvalidQueryParamError",
    "LocationType",
    "NoAuthorizationError",
    "UserLookupError",
    "config",
    "custom_verification_for_token",
    "decode_token",
    "fresh_jwt_required",
    "fresh_required",
    "get_unverified_jwt_headers",
    "has_user_lookup",
    "jwt_expired_token_required",
    "jwt_optional",
    "jwt_refresh_token_required",
    "jwt_required",
    "roles_required",
    "scopes_required",
    "user_lookup",
    "verify_expired_in_request",
    "verify_fresh_jwt_in_request",
    "verify_jwt_in_request",
    "verify_jwt_in_request_optional",
    "verify_jwt_refresh_token_in_request",
    "verify_token_not_blocklisted",
    "verify_token_type",
]

_VERIFICATION = "verify_jwt_in_request"

if not TYPE_CHECKING:
    __getattr__ = without_private_names(
        __name__,
        {
            "_decode_jwt_from_cookies": 'verify_jwt_in_request(locations="cookies")',
            "_decode_jwt_from_headers": 'verify_jwt_in_request(locations="headers")',
            "_decode_jwt_from_json": 'verify_jwt_in_request(locations="json")',
            "_decode_jwt_from_query_string": 'verify_jwt_in_request(locations="query_string")',
            "_decode_jwt_from_request": _VERIFICATION,
            "_load_user": "flask_watchword.utils.get_current_user",
            "_verify_token_is_fresh": "verify_jwt_in_request(fresh=True)",
        },
    )

pass_on_replacements(
    __name__,
    uses={
        "verify_expired_in_request": replace_expired_verification,
        "verify_jwt_in_request": replace_verification,
    },
    unused={
        "config": "values in app.config",
        "custom_verification_for_token": _VERIFICATION,
        "decode_token": _VERIFICATION,
        "get_unverified_jwt_headers": _VERIFICATION,
        "has_user_lookup": _VERIFICATION,
        "user_lookup": _VERIFICATION,
        "verify_token_not_blocklisted": _VERIFICATION,
        "verify_token_type": _VERIFICATION,
    },
)
