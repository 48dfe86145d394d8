"""POST /login/password: finish a login whose password is too weak, with a new password."""

from typing import Annotated

import msgspec
from flask import Response

from flask_watchword.accounts.credentials import WrongPassword
from flask_watchword.accounts.errors import LOGIN_BUSY, TOO_MANY_TRIES
from flask_watchword.accounts.login_challenge import NEW_PASSWORD
from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.accounts.shared_limits import new_password_of_user_hits
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.authentication.challenge_tokens import challenged_user
from flask_watchword.service.authentication.invalid_credentials import InvalidCredentials
from flask_watchword.service.authentication.login import (
    check_transport,
    finish_login,
    uncounted_attempt,
)
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.error_codes import (
    CROSS_ORIGIN,
    INVALID_CREDENTIALS,
    INVALID_PENDING_TOKEN,
)
from flask_watchword.service.features.password_review import flow
from flask_watchword.service.fields import Password
from flask_watchword.service.hashing import hashing_share
from flask_watchword.service.rate_limiting import counting_failures
from flask_watchword.service.token_response import (
    CookieTokenResponse,
    TokenResponse,
    TokenTransport,
)
from flask_watchword.service.tokens import PASSWORD_METHOD


class NewPassword(msgspec.Struct, forbid_unknown_fields=True):
    """The challenge token of the login, and the new password.

    Attributes:
        transport: whether the tokens are returned in the body or set as cookies.
    """

    pending_token: Annotated[str, msgspec.Meta(max_length=4096)]
    password: Password
    transport: TokenTransport = "header"


@endpoint(
    "POST",
    "/login/password",
    summary="Finish a login with a new password, if the old one is too weak on its own",
    access=PUBLIC,
    body=NewPassword,
    responses={200: (TokenResponse, CookieTokenResponse)},
    errors=(INVALID_PENDING_TOKEN, INVALID_CREDENTIALS, CROSS_ORIGIN, TOO_MANY_TRIES, LOGIN_BUSY),
)
def choose_password(context: ServiceContext, body: NewPassword) -> Response:
    """Respond with an access and a refresh token; every other session ends."""
    check_transport(context, body.transport)
    user = challenged_user(context, NEW_PASSWORD, body.pending_token)
    try:
        with (
            hashing_share(context, user.email_key),
            counting_failures(
                context, new_password_of_user_hits(context.limits, user.id), UnacceptablePassword
            ),
        ):
            flow.replace_password(context.accounts, user, body.password)
    except WrongPassword as error:
        # A concurrent request has changed the account.
        raise InvalidCredentials(context) from error
    changed = context.stores.users.by_id(user.id)
    if changed is None:
        raise InvalidCredentials(context)
    return finish_login(
        context, changed, (PASSWORD_METHOD,), uncounted_attempt(context, changed), body.transport
    )
