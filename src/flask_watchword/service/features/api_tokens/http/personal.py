"""/tokens: personal access tokens, with which programs act for their owner."""

import msgspec
from flask import Response

from flask_watchword.accounts.api_tokens import ApiTokenKind
from flask_watchword.accounts.errors import ErrorCode, Rejected
from flask_watchword.service.access import ACCESS
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.api_tokens.http import shared as api_tokens
from flask_watchword.service.features.api_tokens.http.shared import (
    CREATION_ERRORS,
    ApiTokenResponse,
    NewToken,
)
from flask_watchword.service.responses import json_response, no_content

TOKEN_NOT_FOUND = ErrorCode(
    "token_not_found",
    404,
    "The user has no personal access token with this id.",
)

_KIND = ApiTokenKind.PERSONAL


class Tokens(msgspec.Struct):
    """The user's personal access tokens, newest first."""

    tokens: list[ApiTokenResponse]


class MadeToken(msgspec.Struct):
    """A personal access token.

    Attributes:
        token: the secret for ``POST /token``. It is only returned here.
        made: the token or client.
    """

    token: str
    made: ApiTokenResponse


@endpoint(
    "GET",
    "/tokens",
    summary="List the user's personal access tokens",
    access=ACCESS,
    responses={200: Tokens},
)
def list_tokens(context: ServiceContext) -> Response:
    """Respond with the tokens, without their secrets."""
    return json_response(
        Tokens([ApiTokenResponse.of(token) for token in api_tokens.valid_tokens(context, _KIND)])
    )


@endpoint(
    "POST",
    "/tokens",
    summary="Create a personal access token",
    access=ACCESS,
    body=NewToken,
    responses={201: MadeToken},
    errors=CREATION_ERRORS,
)
def make_token(context: ServiceContext, body: NewToken) -> Response:
    """Respond with the token; this is the only time it is shown."""
    token, text = api_tokens.create_token(context, _KIND, body)
    return json_response(MadeToken(text, ApiTokenResponse.of(token)), 201)


@endpoint(
    "DELETE",
    "/tokens/<token_id>",
    summary="Revoke a personal access token and the access tokens obtained with it",
    access=ACCESS,
    responses={204: None},
    errors=(TOKEN_NOT_FOUND,),
)
def revoke_token(context: ServiceContext, token_id: str) -> Response:
    """Respond 204; programs with the token are rejected from now on."""
    if not api_tokens.revoke(context, _KIND, token_id):
        raise Rejected(TOKEN_NOT_FOUND, "You have no such token")
    return no_content()
