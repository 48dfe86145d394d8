"""How this service makes its tokens, and what it answers to those it refuses."""

from datetime import timedelta

from flask import Flask, Response

from flask_watchword.accounts.users import User
from flask_watchword.errors import (
    ExpiredSignatureError,
    InvalidKeyError,
    Refusal,
    SpecificRefusal,
)
from flask_watchword.extension.manager import JWTManager
from flask_watchword.extension.tokens import create_access_token, create_refresh_token
from flask_watchword.service.answers import CHALLENGE, refusal
from flask_watchword.service.settings import InvalidSetting, Settings


def install_tokens(app: Flask, settings: Settings, secret: str) -> JWTManager:
    """Give the application its token manager, answering in the service's own form.

    Raises:
        InvalidSetting: when the secret cannot be one: a public key, say.
    """
    app.config.update(
        JWT_SECRET_KEY=secret,
        JWT_ALGORITHM="HS256",
        JWT_PROFILE="strict",
        JWT_ENCODE_ISSUER=settings.issuer,
        JWT_DECODE_ISSUER=settings.issuer,
        JWT_ENCODE_AUDIENCE=settings.audience,
        JWT_DECODE_AUDIENCE=settings.audience,
        JWT_TOKEN_LOCATION=["headers"],
        # No cookies, so no claim against forged requests in every token.
        JWT_COOKIE_CSRF_PROTECT=False,
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(seconds=settings.access_token_seconds),
        JWT_REFRESH_TOKEN_EXPIRES=timedelta(seconds=settings.refresh_token_seconds),
    )
    try:
        tokens = JWTManager(app)
    except InvalidKeyError as error:
        raise InvalidSetting("WATCHWORD_SECRET_KEY", str(error)) from error
    tokens.user_identity_loader(_subject)
    tokens.unauthorized_loader(_missing_token)
    tokens.invalid_token_loader(invalid_token)
    # The loaders are given texts; the errors themselves have codes as well.
    for refusal_class in (Refusal, SpecificRefusal):
        app.register_error_handler(refusal_class, _refused_token)
    return tokens


def issue_access_token(
    user: User, *, fresh: bool = False, expires_delta: timedelta | None = None
) -> str:
    """Return an access token of the current application's.

    Args:
        user: whose token it is.
        fresh: whether a password has just been typed for it.
        expires_delta: its lifetime, when not that of the settings.
    """
    # RFC 9068 section 2.1; the type tells other verifiers what the token is for.
    return create_access_token(
        user, fresh=fresh, expires_delta=expires_delta, additional_headers={"typ": "at+jwt"}
    )


def issue_refresh_token(user: User) -> str:
    """Return a refresh token of the current application's."""
    return create_refresh_token(user, additional_headers={"typ": "rt+jwt"})


def invalid_token(reason: str, code: str = "invalid_token") -> Response:
    """Answer 401 to a token that is not one of ours, or not for this use."""
    return refusal(401, reason, code, _invalid_token_challenge(reason))


def expired_token() -> Response:
    """Answer 401 to a token that is genuine but too old."""
    msg = "The token has expired"
    return refusal(401, msg, "token_expired", _invalid_token_challenge(msg))


def _refused_token(error: Refusal) -> Response:
    if isinstance(error, ExpiredSignatureError):
        return expired_token()
    return invalid_token(str(error), error.code)


def _subject(user: User) -> str:
    return user.id


def _missing_token(reason: str) -> Response:
    # RFC 6750 section 3.1: no error code for a request that carries no credentials at all.
    return refusal(401, reason, "missing_token")


def _invalid_token_challenge(reason: str) -> dict[str, str]:
    # RFC 6750 section 3: the description is printable ASCII without quote and backslash.
    shown = "".join(c for c in reason if " " <= c <= "~" and c not in '"\\')
    challenge = f'{CHALLENGE}, error="invalid_token", error_description="{shown}"'
    return {"WWW-Authenticate": challenge}
