"""Sessions with users of your own. Start it with ``flask --app examples/sessions run``."""

import secrets

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from flask_watchword import JWTManager, Sessions, get_jwt, get_jwt_identity, jwt_required

app = Flask(__name__)
app.config.from_prefixed_env()  # FLASK_WATCHWORD_SESSION_STORE=sqlite:///sessions.db
app.config.setdefault("JWT_SECRET_KEY", secrets.token_hex(32))
jwt, sessions = JWTManager(app), Sessions(app)

# A real application keeps users in a database and hashes of their passwords, never the passwords.
USERS = {"ada": {"password": "enigma", "role": "admin"}}


@jwt.user_lookup_loader
def find_user(_header: dict[str, str], claims: dict[str, str]) -> dict[str, str] | None:
    """Whoever is not found any more gets nothing, a refresh least of all."""
    return USERS.get(claims["sub"])


@jwt.additional_claims_loader
def claims_of(name: str) -> dict[str, str]:
    """Read anew at every refresh."""
    return {"role": USERS[name]["role"]}


@app.post("/login")
def login() -> ResponseReturnValue:
    """Trade a name and a password for a session."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    expected = USERS.get(name, {}).get("password", "")
    if not expected or not secrets.compare_digest(expected.encode(), password.encode()):
        return jsonify(msg="Bad name or password"), 401
    return jsonify(sessions.start(name, fresh=True))


@app.post("/refresh")
@jwt_required(refresh=True)
def refresh() -> ResponseReturnValue:
    """Trade the refresh token for the next pair."""
    return jsonify(sessions.refresh())


@app.post("/logout")
@jwt_required()
def logout() -> ResponseReturnValue:
    """End this session, or with ``?everywhere`` all of them."""
    return jsonify(ended=sessions.end_all() if "everywhere" in request.args else sessions.end())


@app.get("/me")
@jwt_required()
def me() -> ResponseReturnValue:
    """Say who is asking, and from how many devices they are signed in."""
    return jsonify(me=get_jwt_identity(), role=get_jwt()["role"], devices=len(sessions.list()))
