"""POST /login/password: a new password, where the login was refused for the one there is."""

from typing import Annotated

import msgspec
from flask import Response

from flask_watchword.accounts.login_challenge import NEW_PASSWORD
from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.account_transactions import do, sessions_ended
from flask_watchword.service.audit_events import event
from flask_watchword.service.authentication.challenge_tokens import challenged_user
from flask_watchword.service.authentication.login import (
    check_transport,
    finish_login,
    later_step,
    wrong_credentials,
)
from flask_watchword.service.context import service_context
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.password_change.flow import WrongPassword
from flask_watchword.service.features.password_review.flow import replace_reviewed
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
    """What the login was answered with, and the password there is to be.

    Attributes:
        transport: whether the tokens come in the body, for a header, or in cookies.
    """

    pending_token: Annotated[str, msgspec.Meta(max_length=4096)]
    password: Password
    transport: TokenTransport = "header"


@endpoint(
    "POST",
    "/login/password",
    summary="Finish a login by a new password, where the old one is too weak alone",
    guard=PUBLIC,
    body=NewPassword,
    answers={200: (TokenResponse, CookieTokenResponse)},
    refusals={
        401: ("invalid_pending_token", "invalid_credentials"),
        403: ("cross_origin",),
        429: ("too_many_tries",),
        503: ("login_busy",),
    },
)
def choose_password(body: NewPassword) -> Response:
    """Answer with an access and a refresh token; every other session has ended."""
    check_transport(body.transport)
    user, parts = challenged_user(NEW_PASSWORD, body.pending_token), service_context()
    try:
        with (
            hashing_share(user.email_key),
            counting_failures(parts.limits.new_password_of(user.id), UnacceptablePassword),
        ):
            do(
                lambda accounts: replace_reviewed(accounts, user, body.password),
                lambda done: event("password_changed", done.subject),
                around=sessions_ended(user.id),
            )
    except WrongPassword:
        return wrong_credentials()  # another request has changed the account in between
    changed = parts.stores.users.by_id(user.id)
    if changed is None:
        return wrong_credentials()
    return finish_login(changed, (PASSWORD_METHOD,), later_step(changed), body.transport)
