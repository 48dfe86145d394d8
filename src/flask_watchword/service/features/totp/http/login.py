"""POST /login/totp: finish a login with a code of the authenticator or a recovery code."""

from typing import Annotated

import msgspec
from flask import Response

from flask_watchword.service.access import PUBLIC
from flask_watchword.service.authentication.confirmation import FactorAnswers
from flask_watchword.service.authentication.second_factor import CHALLENGE_ERRORS, answer_challenge
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.token_response import (
    CookieTokenResponse,
    TokenResponse,
    TokenTransport,
)


class SecondStep(FactorAnswers, forbid_unknown_fields=True, kw_only=True):
    """The MFA challenge token of the login, and either a code or a recovery code.

    Attributes:
        pending_token: the MFA challenge token.
        transport: whether the tokens are returned in the body or set as cookies.
    """

    pending_token: Annotated[str, msgspec.Meta(max_length=4096)]
    transport: TokenTransport = "header"


@endpoint(
    "POST",
    "/login/totp",
    summary="Finish a login with a TOTP code or a recovery code",
    access=PUBLIC,
    body=SecondStep,
    responses={200: (TokenResponse, CookieTokenResponse)},
    errors=CHALLENGE_ERRORS,
)
def login_totp(context: ServiceContext, body: SecondStep) -> Response:
    """Respond with an access and a refresh token, or with 401."""
    return answer_challenge(context, body.pending_token, body, context.factors, body.transport)
