"""/clients: programs that act for themselves, by credentials of their own."""

import msgspec
from flask import Response

from flask_watchword.accounts.machine_tokens import MachineTokenKind
from flask_watchword.service.answers import answer, nothing, refusal
from flask_watchword.service.api import machine_tokens
from flask_watchword.service.api.machine_tokens import MAKING_REFUSALS, NewToken, ShownToken
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.guards import ACCESS

_KIND = MachineTokenKind.CLIENT


class Clients(msgspec.Struct):
    """Every client of one user, the newest first."""

    clients: list[ShownToken]


class MadeClient(msgspec.Struct):
    """A client.

    Attributes:
        client_id: its name.
        client_secret: what it shows at ``POST /token``; it is shown here and never again.
        made: what is known of it.
    """

    client_id: str
    client_secret: str
    made: ShownToken


@endpoint(
    "GET",
    "/clients",
    summary="List one's clients",
    guard=ACCESS,
    answers={200: Clients},
)
def list_clients() -> Response:
    """Answer with the clients, without what is secret of them."""
    return answer(Clients([ShownToken.of(token) for token in machine_tokens.living(_KIND)]))


@endpoint(
    "POST",
    "/clients",
    summary="Make a client, a program that acts for itself",
    guard=ACCESS,
    body=NewToken,
    answers={201: MadeClient},
    refusals=MAKING_REFUSALS,
)
def make_client(body: NewToken) -> Response:
    """Answer with the credentials, this once."""
    token, text = machine_tokens.make(_KIND, body)
    return answer(MadeClient(token.id, text, ShownToken.of(token)), 201)


@endpoint(
    "DELETE",
    "/clients/<client_id>",
    summary="Revoke a client, with the access it has",
    guard=ACCESS,
    answers={204: None},
    refusals={404: ("client_not_found",)},
)
def revoke_client(client_id: str) -> Response:
    """Answer 204; the client is refused from now on."""
    if not machine_tokens.revoke(_KIND, client_id):
        return refusal(404, "You have no such client", "client_not_found")
    return nothing()
