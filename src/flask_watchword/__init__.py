"""JWT authentication for Flask: Flask-JWT-Extended's API, over an engine of its own."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask_watchword.extension.legacy.functions import (
        fresh_jwt_required,
        get_jwt_claims,
        get_raw_jwt,
        get_raw_jwt_header,
        jwt_optional,
        jwt_refresh_token_required,
        verify_fresh_jwt_in_request,
        verify_jwt_in_request_optional,
        verify_jwt_refresh_token_in_request,
    )
    from flask_watchword.extension.manager import JWTManager
    from flask_watchword.extension.permissions.decorators import (
        fresh_required,
        roles_required,
        scopes_required,
    )
    from flask_watchword.extension.sessions.api import Sessions
    from flask_watchword.extension.sessions.session_context import TokenPair
    from flask_watchword.extension.tokens.api import (
        create_access_token,
        create_refresh_token,
        decode_token,
        get_csrf_token,
        get_jti,
        get_unverified_jwt_headers,
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
        get_current_user,
        get_jwt,
        get_jwt_header,
        get_jwt_identity,
        get_jwt_request_location,
    )
    from flask_watchword.extension.verification.decorators import (
        jwt_expired_token_required,
        jwt_required,
        verify_expired_in_request,
        verify_jwt_in_request,
    )
    from flask_watchword.service.watchword import Watchword as Watchword

# Without Watchword, which needs the extra `service`: `import *` asks for each of these.
__all__ = [
    "JWTManager",
    "Sessions",
    "TokenPair",
    "create_access_token",
    "create_refresh_token",
    "current_user",
    "decode_token",
    "fresh_jwt_required",
    "fresh_required",
    "get_csrf_token",
    "get_current_user",
    "get_jti",
    "get_jwt",
    "get_jwt_claims",
    "get_jwt_header",
    "get_jwt_identity",
    "get_jwt_request_location",
    "get_raw_jwt",
    "get_raw_jwt_header",
    "get_unverified_jwt_headers",
    "jwt_expired_token_required",
    "jwt_optional",
    "jwt_refresh_token_required",
    "jwt_required",
    "roles_required",
    "scopes_required",
    "set_access_cookies",
    "set_refresh_cookies",
    "unset_access_cookies",
    "unset_jwt_cookies",
    "unset_refresh_cookies",
    "verify_expired_in_request",
    "verify_fresh_jwt_in_request",
    "verify_jwt_in_request",
    "verify_jwt_in_request_optional",
    "verify_jwt_refresh_token_in_request",
]

# Names are imported when they are first asked for (PEP 562), so that the command line, whose
# modules lie below this one, answers without loading Flask.
_HOMES = {
    name: home
    for home, names in {
        "extension.tokens.cookies": (
            "set_access_cookies",
            "set_refresh_cookies",
            "unset_access_cookies",
            "unset_jwt_cookies",
            "unset_refresh_cookies",
        ),
        "extension.verification.current": (
            "current_user",
            "get_current_user",
            "get_jwt",
            "get_jwt_header",
            "get_jwt_identity",
            "get_jwt_request_location",
        ),
        "extension.verification.decorators": (
            "jwt_expired_token_required",
            "jwt_required",
            "verify_expired_in_request",
            "verify_jwt_in_request",
        ),
        "extension.permissions.decorators": (
            "fresh_required",
            "roles_required",
            "scopes_required",
        ),
        "extension.legacy.functions": (
            "fresh_jwt_required",
            "get_jwt_claims",
            "get_raw_jwt",
            "get_raw_jwt_header",
            "jwt_optional",
            "jwt_refresh_token_required",
            "verify_fresh_jwt_in_request",
            "verify_jwt_in_request_optional",
            "verify_jwt_refresh_token_in_request",
        ),
        "extension.manager": ("JWTManager",),
        "extension.sessions.session_context": ("TokenPair",),
        "extension.sessions.api": ("Sessions",),
        "extension.tokens.api": (
            "create_access_token",
            "create_refresh_token",
            "decode_token",
            "get_csrf_token",
            "get_jti",
            "get_unverified_jwt_headers",
        ),
        "service.watchword": ("Watchword",),
    }.items()
    for name in names
}

#: Modules under the names that Flask-JWT-Extended gives them, which importing it brings along.
_MODULES = frozenset(
    {
        "config",
        "default_callbacks",
        "exceptions",
        "internal_utils",
        "jwt_manager",
        "tokens",
        "typing",
        "utils",
        "view_decorators",
    }
)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"flask_watchword.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"flask_watchword.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
