"""/tokens: personal access tokens, by which programs do what their owner may."""

import msgspec
from flask import Response

from flask_watchword.accounts.machine_tokens import MachineTokenKind
from flask_watchword.service.answers import answer, nothing, refusal
from flask_watchword.service.api import machine_tokens
from flask_watchword.service.api.machine_tokens import MAKING_REFUSALS, NewToken, ShownToken
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.guards import ACCESS

_KIND = MachineTokenKind.PERSONAL


class Tokens(msgspec.Struct):
    """Every personal access token of one user, the newest first."""

    tokens: list[ShownToken]


class MadeToken(msgspec.Struct):
    """A personal access token.

    Attributes:
        token: what a program shows at ``POST /token``; it is shown here and never again.
        made: what is known of it.
    """

    token: str
    made: ShownToken


@endpoint(
    "GET",
    "/tokens",
    summary="List one's personal access tokens",
    guard=ACCESS,
    answers={200: Tokens},
)
def list_tokens() -> Response:
    """Answer with the tokens, without what is secret of them."""
    return answer(Tokens([ShownToken.of(token) for token in machine_tokens.living(_KIND)]))


@endpoint(
    "POST",
    "/tokens",
    summary="Make a personal access token for a program",
    guard=ACCESS,
    body=NewToken,
    answers={201: MadeToken},
    refusals=MAKING_REFUSALS,
)
def make_token(body: NewToken) -> Response:
    """Answer with the token, this once."""
    token, text = machine_tokens.make(_KIND, body)
    return answer(MadeToken(text, ShownToken.of(token)), 201)


@endpoint(
    "DELETE",
    "/tokens/<token_id>",
    summary="Revoke a personal access token, with the access it gave",
    guard=ACCESS,
    answers={204: None},
    refusals={404: ("token_not_found",)},
)
def revoke_token(token_id: str) -> Response:
    """Answer 204; programs with the token are refused from now on."""
    if not machine_tokens.revoke(_KIND, token_id):
        return refusal(404, "You have no such token", "token_not_found")
    return nothing()
