"""/clients: clients, which authenticate with their own credentials."""

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

CLIENT_NOT_FOUND = ErrorCode("client_not_found", 404, "The user has no client with this id.")

_KIND = ApiTokenKind.CLIENT


class Clients(msgspec.Struct):
    """The user's clients, newest first."""

    clients: list[ApiTokenResponse]


class MadeClient(msgspec.Struct):
    """A client.

    Attributes:
        client_id: the id of the client.
        client_secret: the secret for ``POST /token``. It is only returned here.
        made: the token or client.
    """

    client_id: str
    client_secret: str
    made: ApiTokenResponse


@endpoint(
    "GET",
    "/clients",
    summary="List the user's clients",
    access=ACCESS,
    responses={200: Clients},
)
def list_clients(context: ServiceContext) -> Response:
    """Respond with the clients, without their secrets."""
    return json_response(
        Clients([ApiTokenResponse.of(token) for token in api_tokens.valid_tokens(context, _KIND)])
    )


@endpoint(
    "POST",
    "/clients",
    summary="Create a client, which acts as itself",
    access=ACCESS,
    body=NewToken,
    responses={201: MadeClient},
    errors=CREATION_ERRORS,
)
def make_client(context: ServiceContext, body: NewToken) -> Response:
    """Respond with the credentials; this is the only time the secret is shown."""
    token, text = api_tokens.create_token(context, _KIND, body)
    return json_response(MadeClient(token.id, text, ApiTokenResponse.of(token)), 201)


@endpoint(
    "DELETE",
    "/clients/<client_id>",
    summary="Revoke a client and its access tokens",
    access=ACCESS,
    responses={204: None},
    errors=(CLIENT_NOT_FOUND,),
)
def revoke_client(context: ServiceContext, client_id: str) -> Response:
    """Respond 204; the client is rejected from now on."""
    if not api_tokens.revoke(context, _KIND, client_id):
        raise Rejected(CLIENT_NOT_FOUND, "You have no such client")
    return no_content()
