"""Create and decode tokens, and read the token of the current request."""

from typing import Any

from werkzeug.local import LocalProxy

from flask_watchword.config import config
from flask_watchword.extension.legacy.deprecation import legacy_token_arguments
from flask_watchword.extension.legacy.functions import get_jwt_claims as get_jwt_claims
from flask_watchword.extension.legacy.functions import get_raw_jwt as get_raw_jwt
from flask_watchword.extension.legacy.functions import get_raw_jwt_header as get_raw_jwt_header
from flask_watchword.extension.tokens.api import (
    get_unverified_jwt_headers as get_unverified_jwt_headers,
)
from flask_watchword.extension.tokens.cookies import set_access_cookies as set_access_cookies
from flask_watchword.extension.tokens.cookies import set_refresh_cookies as set_refresh_cookies
from flask_watchword.extension.tokens.cookies import unset_access_cookies as unset_access_cookies
from flask_watchword.extension.tokens.cookies import unset_jwt_cookies as unset_jwt_cookies
from flask_watchword.extension.tokens.cookies import unset_refresh_cookies as unset_refresh_cookies
from flask_watchword.extension.verification.csrf import csrf_of
from flask_watchword.extension.verification.current import (
    current_user_context_processor as current_user_context_processor,
)
from flask_watchword.extension.verification.current import get_current_user as found_user
from flask_watchword.extension.verification.current import get_jwt_header as get_jwt_header
from flask_watchword.extension.verification.current import (
    get_jwt_request_location as get_jwt_request_location,
)
from flask_watchword.extension.verification.current_token import current_token
from flask_watchword.internal_utils import Claims, get_jwt_manager
from flask_watchword.typing import ExpiresDelta, Fresh

#: The current user, as a proxy.
current_user: Any = LocalProxy(lambda: get_current_user())


def get_jwt() -> Claims:
    """Return the claims of the current request's token; empty if the request has none.

    Raises:
        RuntimeError: in a view that is not protected, and outside of a request.
    """
    return current_token().private_copy.claims


def get_jwt_identity() -> Any:
    """Return the identity of the current request's token.

    Raises:
        RuntimeError: in a view that is not protected, and outside of a request.
    """
    return get_jwt().get(config.identity_claim_key)


def get_current_user() -> Any:
    """Return the user that the user lookup loader returned for the current request's token.

    Raises:
        RuntimeError: in a view that is not protected, outside of a request, and without a user
            lookup loader.
    """
    get_jwt()
    return found_user()


def create_access_token(
    identity: Any,
    fresh: Fresh = False,
    expires_delta: ExpiresDelta | None = None,
    additional_claims: Claims | None = None,
    additional_headers: Claims | None = None,
    **legacy: Any,
) -> str:
    """Create an access token, as the manager of the current application does.

    Takes what :func:`flask_watchword.create_access_token` takes.
    """
    claims, headers = legacy_token_arguments(legacy, additional_claims, additional_headers)
    return get_jwt_manager()._encode_jwt_from_config(
        claims=claims,
        expires_delta=expires_delta,
        fresh=fresh,
        headers=headers,
        identity=identity,
        token_type="access",
    )


def create_refresh_token(
    identity: Any,
    expires_delta: ExpiresDelta | None = None,
    additional_claims: Claims | None = None,
    additional_headers: Claims | None = None,
    **legacy: Any,
) -> str:
    """Create a refresh token, as the manager of the current application does.

    Takes what :func:`flask_watchword.create_refresh_token` takes.
    """
    claims, headers = legacy_token_arguments(legacy, additional_claims, additional_headers)
    return get_jwt_manager()._encode_jwt_from_config(
        claims=claims,
        expires_delta=expires_delta,
        fresh=False,
        headers=headers,
        identity=identity,
        token_type="refresh",
    )


def decode_token(
    encoded_token: str, csrf_value: str | None = None, allow_expired: bool = False
) -> Claims:
    """Verify a token, as the manager of the current application does, and return its claims.

    Takes and raises what :func:`flask_watchword.decode_token` does.
    """
    return get_jwt_manager()._decode_jwt_from_config(encoded_token, csrf_value, allow_expired)


def get_jti(encoded_token: str) -> str | None:
    """Verify a token and return its ``jti``."""
    return decode_token(encoded_token).get("jti")


def get_csrf_token(encoded_token: str) -> str:
    """Verify a token and return its CSRF double submit value.

    Raises:
        TokenRejected, JWTExtendedException: when the token is not accepted or has no such value.
    """
    return csrf_of(decode_token(encoded_token))
