"""A minimal login with tokens. Start it with ``flask --app examples/tutorial run``."""

import os
import secrets
from datetime import timedelta

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from flask_watchword import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt_identity,
    jwt_expired_token_required,
    jwt_required,
)

app = Flask(__name__)
# Anyone who knows the secret can create tokens for any user. A generated one changes at each start,
# which logs everyone out.
app.config["JWT_SECRET_KEY"] = os.environ.get("JWT_SECRET_KEY") or secrets.token_hex(32)
app.config["JWT_ACCESS_TOKEN_EXPIRES"] = timedelta(minutes=15)
jwt = JWTManager(app)

# A real application stores users in a database, and hashes of passwords instead of passwords.
PASSWORDS = {"test@example.com": "password"}


@app.post("/login")
def login() -> ResponseReturnValue:
    """Return two tokens for an e-mail address and a password."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        return jsonify(msg="Missing JSON in request"), 400
    email, password = str(body.get("email")), str(body.get("password"))
    expected = PASSWORDS.get(email)
    if expected is None or not secrets.compare_digest(expected.encode(), password.encode()):
        return jsonify(msg="Bad email or password"), 401
    return jsonify(
        access_token=create_access_token(email, fresh=True),
        refresh_token=create_refresh_token(email),
    )


@app.get("/protected-route")
@jwt_required()
def protected_route() -> ResponseReturnValue:
    """Respond to requests with an access token."""
    return jsonify(logged_in_as=get_jwt_identity())


@app.post("/refresh")
@jwt_required(refresh=True)
def refresh() -> ResponseReturnValue:
    """Return a new access token for a refresh token, when the old one has expired."""
    return jsonify(access_token=create_access_token(get_jwt_identity()))


@app.post("/expired")
@jwt_expired_token_required()
def expired() -> ResponseReturnValue:
    """Respond to requests with a token that is valid except that it has expired."""
    return jsonify(msg="The token has expired"), 401
