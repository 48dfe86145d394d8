"""POST /login: log in with an e-mail address and a password."""

import msgspec
from flask import Response

from flask_watchword.accounts.credentials import authenticate
from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.errors import LOGIN_BUSY, TOO_MANY_TRIES
from flask_watchword.accounts.rate_limits import Attempt
from flask_watchword.accounts.users import User
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.authentication.invalid_credentials import InvalidCredentials
from flask_watchword.service.authentication.login import (
    check_transport,
    finish_login,
    rate_limited_attempt,
    record_wrong_password,
)
from flask_watchword.service.authentication.second_factor import MfaChallenge, challenge_response
from flask_watchword.service.authentication.verified_logins import verified_logins_only
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.error_codes import (
    CROSS_ORIGIN,
    INVALID_CREDENTIALS,
    PASSWORD_CHANGE_REQUIRED,
)
from flask_watchword.service.fields import Email, Password
from flask_watchword.service.hashing import hashing_share
from flask_watchword.service.token_response import (
    CookieTokenResponse,
    TokenResponse,
    TokenTransport,
)
from flask_watchword.service.tokens import PASSWORD_METHOD


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a login. Lengths are checked before the password is hashed.

    Attributes:
        transport: whether the tokens are returned in the body or set as cookies.
    """

    email: Email
    password: Password
    transport: TokenTransport = "header"


@endpoint(
    "POST",
    "/login",
    summary="Log in with an e-mail address and a password",
    access=PUBLIC,
    body=Credentials,
    responses={200: (TokenResponse, CookieTokenResponse, MfaChallenge)},
    errors=(
        INVALID_CREDENTIALS,
        CROSS_ORIGIN,
        PASSWORD_CHANGE_REQUIRED,
        TOO_MANY_TRIES,
        LOGIN_BUSY,
    ),
)
def login(context: ServiceContext, body: Credentials) -> Response:
    """Respond with an access and a refresh token, with an MFA challenge, or 401."""
    check_transport(context, body.transport)
    users = context.stores.users
    with (
        hashing_share(context, email_key(body.email)),
        rate_limited_attempt(context, body.email) as attempt,
    ):
        user = authenticate(
            users,
            context.passwords,
            body.email,
            body.password,
            verified_only=verified_logins_only(context.settings),
        )
        if user is not None:
            return _finish(context, user, body.password, attempt, body.transport)
    record_wrong_password(context, body.email, attempt)
    raise InvalidCredentials(context)


def _finish(
    context: ServiceContext, user: User, password: str, attempt: Attempt, transport: TokenTransport
) -> Response:
    challenge = challenge_response(context, user, attempt)
    if challenge is not None:
        return challenge
    for check in context.login_checks:
        check(context, user, password)
    return finish_login(context, user, (PASSWORD_METHOD,), attempt, transport)
