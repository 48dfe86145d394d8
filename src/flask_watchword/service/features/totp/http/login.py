"""POST /login/totp: the second factor, and with it the first pair of tokens."""

from typing import Annotated

import msgspec
from flask import Response

from flask_watchword.accounts.login_challenge import SECOND_FACTOR
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.audit_events import record
from flask_watchword.service.authentication.challenge_tokens import challenged_user
from flask_watchword.service.authentication.login import check_transport, finish_login, later_step
from flask_watchword.service.authentication.second_factor import WrongCode, use_second_factor
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.fields import RecoveryCode, TotpCode
from flask_watchword.service.responses import error_response
from flask_watchword.service.token_response import (
    CookieTokenResponse,
    TokenResponse,
    TokenTransport,
)
from flask_watchword.service.tokens import OTP_METHOD, PASSWORD_METHOD


class SecondStep(msgspec.Struct, forbid_unknown_fields=True):
    """What the login was answered with, and either a code or a recovery code.

    Attributes:
        transport: whether the tokens come in the body, for a header, or in cookies.
    """

    pending_token: Annotated[str, msgspec.Meta(max_length=4096)]
    code: TotpCode | None = None
    recovery_code: RecoveryCode | None = None
    transport: TokenTransport = "header"


@endpoint(
    "POST",
    "/login/totp",
    summary="Finish a login by a code of the authenticator, or by a recovery code",
    guard=PUBLIC,
    body=SecondStep,
    answers={200: (TokenResponse, CookieTokenResponse)},
    refusals={
        401: ("invalid_pending_token", "invalid_second_factor", "invalid_credentials"),
        403: ("cross_origin",),
        429: ("too_many_tries",),
        503: ("second_factor_unavailable",),
    },
)
def login_totp(body: SecondStep) -> Response:
    """Answer with an access and a refresh token, or with 401."""
    check_transport(body.transport)
    if (body.code is None) == (body.recovery_code is None):
        msg = "Either `code` or `recovery_code` is needed"
        return error_response(422, msg, "invalid_field", field="code")
    user = challenged_user(SECOND_FACTOR, body.pending_token)
    try:
        use_second_factor(user.id, body.code, body.recovery_code)
    except WrongCode:
        record("second_factor_failed", user.id)
        msg = "The code is wrong, or was used before; take the next one"
        return error_response(401, msg, "invalid_second_factor")
    methods = (PASSWORD_METHOD, OTP_METHOD)
    return finish_login(user, methods, later_step(user), body.transport)
