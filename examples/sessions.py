"""Sessions with your own users. Start it with ``flask --app examples/sessions run``."""

import secrets

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from flask_watchword import JWTManager, Sessions, get_jwt, get_jwt_identity, jwt_required

app = Flask(__name__)
app.config.from_prefixed_env()  # FLASK_WATCHWORD_SESSION_STORE=sqlite:///sessions.db
app.config.setdefault("JWT_SECRET_KEY", secrets.token_hex(32))
jwt, sessions = JWTManager(app), Sessions(app)

# A real application stores users in a database, and hashes of passwords instead of passwords.
USERS = {"ada": {"password": "enigma", "role": "admin"}}


@jwt.user_lookup_loader
def find_user(_header: dict[str, str], claims: dict[str, str]) -> dict[str, str] | None:
    """Load the user. If there is none, requests and refreshes are rejected."""
    return USERS.get(claims["sub"])


@jwt.additional_claims_loader
def claims_of(name: str) -> dict[str, str]:
    """Return the claims of a new token. This runs at each refresh."""
    return {"role": USERS[name]["role"]}


@app.post("/login")
def login() -> ResponseReturnValue:
    """Start a session for a user who sends name and password."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    expected = USERS.get(name, {}).get("password", "")
    if not expected or not secrets.compare_digest(expected.encode(), password.encode()):
        return jsonify(msg="Bad name or password"), 401
    return jsonify(sessions.start(name, fresh=True))


@app.post("/refresh")
@jwt_required(refresh=True)
def refresh() -> ResponseReturnValue:
    """Exchange the refresh token for new tokens."""
    return jsonify(sessions.refresh())


@app.post("/logout")
@jwt_required()
def logout() -> ResponseReturnValue:
    """End this session, or all of the user's with ``?everywhere``."""
    return jsonify(ended=sessions.end_all() if "everywhere" in request.args else sessions.end())


@app.get("/me")
@jwt_required()
def me() -> ResponseReturnValue:
    """Show the user, and the number of devices they are logged in on."""
    return jsonify(me=get_jwt_identity(), role=get_jwt()["role"], devices=len(sessions.list()))
