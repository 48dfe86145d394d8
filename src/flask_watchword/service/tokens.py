"""The tokens of the service: options, claims, and the responses to rejected tokens."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

from flask import Blueprint, Flask, Response

from flask_watchword.accounts.errors import Rejected
from flask_watchword.accounts.users import User
from flask_watchword.errors import (
    ExpiredSignatureError,
    SpecificRejection,
    TokenRejected,
)
from flask_watchword.extension.errors import (
    CSRFError,
    FreshTokenRequired,
    InsufficientPrivilege,
    NoAuthorizationError,
    RevokedTokenError,
    SignInTooOld,
)
from flask_watchword.extension.manager import JWTManager
from flask_watchword.extension.responses import handlers
from flask_watchword.extension.sessions.revocation_feed import TOKEN_REVOKED
from flask_watchword.extension.state import state_of
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.cookies import clear_cookies, cookie_options, is_rejected_cookie
from flask_watchword.service.origin_check import CrossOriginError
from flask_watchword.service.responses import CHALLENGE, error_response
from flask_watchword.service.signing.live_keyring import LiveKeyring

#: RFC 8176 section 2: authentication with a password.
PASSWORD_METHOD = "pwd"


class UnusableToken(Rejected):
    """A genuine token that is rejected.

    The response names ``invalid_token`` in the Bearer challenge (RFC 6750 section 3).
    """


def _new_csrf_value() -> str:
    return secrets.token_urlsafe(16)  # 128 bits


@dataclass(frozen=True, slots=True)
class AuthenticationContext:
    """A user and how the user authenticated; tokens are created for it.

    Attributes:
        user: the user, as stored now.
        methods: the authentication methods; ``amr`` of every token of the session (RFC 8176).
        csrf: the value that a page sends beside a cookie; ``csrf`` of every token of the session,
            so that it stays the same when another tab refreshes.
    """

    user: User
    methods: tuple[str, ...]
    csrf: str = field(default_factory=_new_csrf_value)

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any], user: User) -> Self:
        """Return the context of the session of a token; the user is passed as stored now."""
        methods, csrf = tuple(claims.get("amr", ())), claims.get("csrf")
        # A refresh token that the application has created does not have this claim.
        return cls(user, methods) if csrf is None else cls(user, methods, csrf)


#: Seconds that the clock of a node may be behind that of the node that signed a token. An
#: application that mounts the service can set another value.
DEFAULT_LEEWAY_SECONDS = 5


def token_options(settings: Settings) -> Mapping[str, Any]:
    """Return the options of an application that uses the tokens of the service."""
    return {
        "JWT_ALGORITHM": settings.key_algorithm,
        "JWT_PROFILE": "strict",
        "JWT_ENCODE_ISSUER": settings.issuer,
        "JWT_DECODE_ISSUER": settings.issuer,
        "JWT_ENCODE_AUDIENCE": settings.audience,
        "JWT_DECODE_AUDIENCE": settings.audience,
        **cookie_options(),
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(seconds=settings.access_token_seconds),
        "JWT_REFRESH_TOKEN_EXPIRES": timedelta(seconds=settings.refresh_token_seconds),
        "WATCHWORD_SESSION_IDLE": timedelta(seconds=settings.refresh_token_seconds),
        "WATCHWORD_SESSION_ABSOLUTE": timedelta(seconds=settings.session_seconds),
        "WATCHWORD_SESSIONS_PER_SUBJECT": settings.sessions_per_user or None,
        "WATCHWORD_REFRESH_GRACE": timedelta(seconds=settings.refresh_grace),
    }


def install_tokens(app: Flask, options: Mapping[str, Any], keys: LiveKeyring) -> JWTManager:
    """Add a ``JWTManager`` to the application, which signs with these keys."""
    app.config.update(options)
    app.config.setdefault("JWT_DECODE_LEEWAY", DEFAULT_LEEWAY_SECONDS)
    tokens = JWTManager(app)
    state = state_of(app)
    state.key_provider, keys.on_change = keys, state.keys_changed
    tokens.user_identity_loader(_subject)
    tokens.additional_claims_loader(claims_of)
    tokens.unauthorized_loader(_missing_token)
    tokens.invalid_token_loader(_invalid_token)
    return tokens


def install_token_error_handlers(app: Flask, api: Blueprint) -> None:
    """Register the responses to rejected tokens, for the application and the service's blueprint.

    The blueprint uses them even if the application has handlers of its own.
    """
    handlers.register(state_of(app).callbacks, api)
    # Loaders get only the text of an error; its code is on the exception.
    for target in (app, api):
        target.register_error_handler(UnusableToken, _unusable_token)
        target.register_error_handler(NoAuthorizationError, _no_token)
        target.register_error_handler(CSRFError, _csrf_failed)
        target.register_error_handler(CrossOriginError, _cross_origin)
        target.register_error_handler(RevokedTokenError, _revoked_token)
        target.register_error_handler(FreshTokenRequired, _not_fresh)
        target.register_error_handler(InsufficientPrivilege, _insufficient)
        for rejection in (TokenRejected, SpecificRejection):
            target.register_error_handler(rejection, _rejected_token)


def claims_of(identity: object) -> dict[str, Any]:
    """Return the claims of the service's tokens beside the standard claims.

    Tokens that the application creates for a subject have no further claims.
    """
    if not isinstance(identity, AuthenticationContext):
        return {}
    user = identity.user
    claims: dict[str, Any] = {
        "amr": list(identity.methods),
        "roles": sorted(user.roles),
        "csrf": identity.csrf,
    }
    if user.scopes:
        claims["scope"] = " ".join(sorted(user.scopes))  # RFC 8693 section 4.2; never empty
    return claims


def _invalid_token(reason: str, code: str = "invalid_token") -> Response:
    return error_response(401, reason, code, _invalid_token_challenge(reason))


def _unusable_token(error: UnusableToken) -> Response:
    return _invalid_token(error.message, error.error.code)


def _rejected_token(error: TokenRejected) -> Response:
    if isinstance(error, ExpiredSignatureError):
        return _invalid_token("The token has expired", "token_expired")
    return _invalid_token(str(error), error.code)


def _revoked_token(error: RevokedTokenError) -> Response:
    rejected = _invalid_token(str(error), error.code or TOKEN_REVOKED)
    return clear_cookies(rejected) if is_rejected_cookie() else rejected


def _no_token(error: NoAuthorizationError) -> Response:
    # The message is about the header, which comes first: browsers send cookies by themselves.
    return _missing_token(error.missing[0])


def _csrf_failed(error: CSRFError) -> Response:
    # Not 401: logging in again or refreshing would not help.
    return error_response(403, str(error), "csrf_failed")


def _cross_origin(error: CrossOriginError) -> Response:
    return error_response(403, str(error), "cross_origin")


def _not_fresh(error: FreshTokenRequired) -> Response:
    code = error.code if isinstance(error, SignInTooOld) else "fresh_token_required"
    return error_response(401, str(error), code, _challenge(error))


def _insufficient(error: InsufficientPrivilege) -> Response:
    return error_response(403, str(error), error.code, _challenge(error))


def _challenge(error: Exception) -> dict[str, str]:
    return {"WWW-Authenticate": f"{CHALLENGE}, {handlers.challenge_error(error)}"}


def _subject(identity: object) -> object:
    return identity.user.id if isinstance(identity, AuthenticationContext) else identity


def _missing_token(reason: str) -> Response:
    # RFC 6750 section 3.1: no error code for a request that carries no credentials at all.
    return error_response(401, reason, "missing_token")


def _invalid_token_challenge(reason: str) -> dict[str, str]:
    # RFC 6750 section 3: the description is printable ASCII without quote and backslash.
    description = "".join(c for c in reason if " " <= c <= "~" and c not in '"\\')
    challenge = f'{CHALLENGE}, error="invalid_token", error_description="{description}"'
    return {"WWW-Authenticate": challenge}
