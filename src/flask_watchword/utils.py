"""Flask-JWT-Extended's module for creating and decoding tokens and for the current token.

If tests replace ``get_jwt``, ``get_current_user`` or ``decode_token`` here, the functions that use
them call the replacement.
"""

from flask_watchword.config import config
from flask_watchword.extension.compat_modules import pass_on_replacements
from flask_watchword.extension.legacy.functions import (
    get_jwt_claims,
    get_raw_jwt,
    get_raw_jwt_header,
)
from flask_watchword.extension.tokens.api import (
    create_access_token,
    create_refresh_token,
    decode_token,
    get_csrf_token,
    get_jti,
    get_unverified_jwt_headers,
    replace_decoding,
)
from flask_watchword.extension.tokens.cookies import (
    set_access_cookies,
    set_refresh_cookies,
    unset_access_cookies,
    unset_jwt_cookies,
    unset_refresh_cookies,
)
from flask_watchword.extension.verification.current import (
    current_user,
    current_user_context_processor,
    get_current_user,
    get_jwt,
    get_jwt_header,
    get_jwt_identity,
    get_jwt_request_location,
    replace_claims,
    replace_user,
)
from flask_watchword.internal_utils import get_jwt_manager
from flask_watchword.typing import ExpiresDelta, Fresh

__all__ = [
    "ExpiresDelta",
    "Fresh",
    "config",
    "create_access_token",
    "create_refresh_token",
    "current_user",
    "current_user_context_processor",
    "decode_token",
    "get_csrf_token",
    "get_current_user",
    "get_jti",
    "get_jwt",
    "get_jwt_claims",
    "get_jwt_header",
    "get_jwt_identity",
    "get_jwt_manager",
    "get_jwt_request_location",
    "get_raw_jwt",
    "get_raw_jwt_header",
    "get_unverified_jwt_headers",
    "set_access_cookies",
    "set_refresh_cookies",
    "unset_access_cookies",
    "unset_jwt_cookies",
    "unset_refresh_cookies",
]

pass_on_replacements(
    __name__,
    uses={
        "decode_token": replace_decoding,
        "get_current_user": replace_user,
        "get_jwt": replace_claims,
    },
    unused={
        "config": "values in app.config",
        "get_jwt_manager": 'app.extensions["flask-jwt-extended"]',
    },
)
