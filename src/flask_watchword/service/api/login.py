"""POST /login: an e-mail address and a password for a session and its first pair of tokens."""

from typing import Annotated

import msgspec
from flask import Response

from flask_watchword.accounts.login import authenticate
from flask_watchword.accounts.passwords import MAX_PASSWORD_CHARACTERS
from flask_watchword.service.answers import answer, refusal
from flask_watchword.service.components import components
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.guards import PUBLIC
from flask_watchword.service.pair import Pair
from flask_watchword.service.tokens import PASSWORD_METHOD, SignIn


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a login; lengths are bounded before any work is spent on them."""

    email: Annotated[str, msgspec.Meta(max_length=320)]
    password: Annotated[str, msgspec.Meta(max_length=MAX_PASSWORD_CHARACTERS)]


@endpoint(
    "POST",
    "/login",
    summary="Log in with an e-mail address and a password",
    guard=PUBLIC,
    body=Credentials,
    answers={200: Pair},
    refusals={401: ("invalid_credentials",), 503: ("login_busy",)},
)
def login(body: Credentials) -> Response:
    """Answer with an access and a refresh token, or with 401."""
    parts = components()
    users = parts.stores.users
    user = authenticate(users, parts.passwords, body.email, body.password)
    if user is None:
        # One answer for unknown and wrong, so that it tells nobody who has an account.
        return refusal(401, "Bad email or password", "invalid_credentials")
    return answer(Pair.of(parts.sessions.start(SignIn(user, (PASSWORD_METHOD,)), fresh=True)))
