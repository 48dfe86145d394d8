"""POST /login: an e-mail address and a password for a pair of tokens."""

from typing import Annotated

import msgspec
from flask import Response, jsonify

from flask_watchword.accounts.login import authenticate
from flask_watchword.accounts.passwords import MAX_PASSWORD_CHARACTERS
from flask_watchword.service.answers import refusal
from flask_watchword.service.bodies import read_body
from flask_watchword.service.components import components
from flask_watchword.service.tokens import issue_access_token, issue_refresh_token


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a login; lengths are bounded before any work is spent on them."""

    email: Annotated[str, msgspec.Meta(max_length=320)]
    password: Annotated[str, msgspec.Meta(max_length=MAX_PASSWORD_CHARACTERS)]


def login() -> Response:
    """Answer with an access and a refresh token, or with 401."""
    credentials = read_body(Credentials)
    parts = components()
    user = authenticate(parts.users, parts.passwords, credentials.email, credentials.password)
    if user is None:
        # One answer for unknown and wrong, so that it tells nobody who has an account.
        return refusal(401, "Bad email or password", "invalid_credentials")
    answer = jsonify(
        access_token=issue_access_token(user, fresh=True),
        refresh_token=issue_refresh_token(user),
        token_type="Bearer",
        expires_in=parts.settings.access_token_seconds,
    )
    answer.headers["Cache-Control"] = "no-store"  # RFC 6749 section 5.1
    return answer
