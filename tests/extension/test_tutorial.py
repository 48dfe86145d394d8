"""Tutorial code of both releases runs with only its import line changed."""

import warnings
from types import ModuleType
from typing import Any

import pytest
from flask import Flask

LOGIN = """
app = Flask("tutorial")
app.config["JWT_SECRET_KEY"] = "change-me-to-something-random-and-a-good-deal-longer"
jwt = JWTManager(app)


@app.route("/login", methods=["POST"])
def login():
    if not request.is_json:
        return jsonify({"msg": "Missing JSON in request"}), 400
    sent = request.json
    if (sent.get("email"), sent.get("password")) != ("test@example.com", "password"):
        return jsonify({"msg": "Bad email or password"}), 401
    return jsonify(
        access_token=create_access_token(identity="test@example.com", fresh=True),
        refresh_token=create_refresh_token(identity="test@example.com"),
    )
"""

RELEASE_3 = f"""
from flask import Flask, jsonify, request
from flask_jwt_extended import (
    JWTManager, jwt_required, jwt_optional, fresh_jwt_required, jwt_refresh_token_required,
    create_access_token, create_refresh_token, get_jwt_identity, get_raw_jwt, get_jwt_claims,
)
{LOGIN}
app.config["JWT_BLACKLIST_ENABLED"] = True
app.config["JWT_BLACKLIST_TOKEN_CHECKS"] = ["access", "refresh"]
blacklist = set()


@jwt.token_in_blacklist_loader
def is_blacklisted(decrypted_token):
    return decrypted_token["jti"] in blacklist


@jwt.user_claims_loader
def add_claims(identity):
    return {{"hello": identity}}


@jwt.expired_token_loader
def expired(expired_token):
    return jsonify({{"msg": "The {{}} token has expired".format(expired_token["type"])}}), 401


@app.route("/protected-route", methods=["GET"])
@jwt_required
def protected():
    return jsonify(logged_in_as=get_jwt_identity()), 200


@app.route("/claims", methods=["GET"])
@jwt_required
def claims():
    return jsonify(get_jwt_claims())


@app.route("/maybe", methods=["GET"])
@jwt_optional
def maybe():
    return jsonify(logged_in_as=get_jwt_identity() or "anonymous user")


@app.route("/fresh", methods=["GET"])
@fresh_jwt_required
def fresh():
    return jsonify(fresh_logged_in_as=get_jwt_identity())


@app.route("/refresh", methods=["POST"])
@jwt_refresh_token_required
def refresh():
    return jsonify(access_token=create_access_token(identity=get_jwt_identity(), fresh=False))


@app.route("/logout", methods=["DELETE"])
@jwt_required
def logout():
    blacklist.add(get_raw_jwt()["jti"])
    return jsonify({{"msg": "Successfully logged out"}}), 200
"""

RELEASE_4 = f"""
from flask import Flask, jsonify, request
from flask_jwt_extended import (
    JWTManager, jwt_required, create_access_token, create_refresh_token, get_jwt_identity, get_jwt,
)
{LOGIN}
blocklist = set()


@jwt.token_in_blocklist_loader
def is_blocklisted(jwt_header, jwt_payload):
    return jwt_payload["jti"] in blocklist


@jwt.additional_claims_loader
def add_claims(identity):
    return {{"hello": identity}}


@jwt.expired_token_loader
def expired(jwt_header, jwt_payload):
    return jsonify(msg=f"The {{jwt_payload['type']}} token has expired"), 401


@app.route("/protected-route", methods=["GET"])
@jwt_required()
def protected():
    return jsonify(logged_in_as=get_jwt_identity()), 200


@app.route("/claims", methods=["GET"])
@jwt_required()
def claims():
    return jsonify(hello=get_jwt()["hello"])


@app.route("/maybe", methods=["GET"])
@jwt_required(optional=True)
def maybe():
    return jsonify(logged_in_as=get_jwt_identity() or "anonymous user")


@app.route("/fresh", methods=["GET"])
@jwt_required(fresh=True)
def fresh():
    return jsonify(fresh_logged_in_as=get_jwt_identity())


@app.route("/refresh", methods=["POST"])
@jwt_required(refresh=True)
def refresh():
    return jsonify(access_token=create_access_token(identity=get_jwt_identity(), fresh=False))


@app.route("/logout", methods=["DELETE"])
@jwt_required()
def logout():
    blocklist.add(get_jwt()["jti"])
    return jsonify(msg="Successfully logged out"), 200
"""


def run(source: str, library: str) -> Flask:
    """Run a tutorial with an import line that names a library."""
    tutorial = ModuleType("tutorial")
    changed = source.replace("from flask_jwt_extended import", f"from {library} import")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        exec(compile(changed, "tutorial.py", "exec"), vars(tutorial))  # noqa: S102 - our own text
    app: Flask = tutorial.app
    return app


@pytest.fixture(
    params=[
        (RELEASE_3, "flask_watchword"),
        (RELEASE_4, "flask_watchword"),
        (RELEASE_4, "flask_jwt_extended"),
    ],
    ids=["release-3-on-ours", "release-4-on-ours", "release-4-on-theirs"],
)
def app(request: pytest.FixtureRequest) -> Flask:
    return run(*request.param)


def sign_in(app: Flask) -> dict[str, Any]:
    credentials = {"email": "test@example.com", "password": "password"}
    tokens: dict[str, Any] = app.test_client().post("/login", json=credentials).get_json()
    return tokens


def ask(app: Flask, path: str, token: str | None = None, method: str = "GET") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    response = app.test_client().open(path, method=method, headers=headers)
    return response.status_code, response.get_json()


WHO = "test@example.com"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_login_rejects_wrong_credentials_and_bodies_that_are_not_json(app: Flask) -> None:
    client = app.test_client()
    answers = [
        client.post("/login", data="email=x"),
        client.post("/login", json={"email": WHO, "password": "wrong"}),
    ]
    assert [(answer.status_code, answer.get_json()) for answer in answers] == [
        (400, {"msg": "Missing JSON in request"}),
        (401, {"msg": "Bad email or password"}),
    ]


def test_protected_route_requires_the_access_token(app: Flask) -> None:
    tokens = sign_in(app)
    assert ask(app, "/protected-route", tokens["access_token"]) == (200, {"logged_in_as": WHO})
    assert ask(app, "/protected-route") == (401, {"msg": "Missing Authorization Header"})
    assert ask(app, "/protected-route", tokens["refresh_token"])[0] == 422


def test_user_claims_are_read(app: Flask) -> None:
    assert ask(app, "/claims", sign_in(app)["access_token"]) == (200, {"hello": WHO})


def test_optional_view_accepts_requests_without_a_token(app: Flask) -> None:
    assert ask(app, "/maybe") == (200, {"logged_in_as": "anonymous user"})
    assert ask(app, "/maybe", sign_in(app)["access_token"]) == (200, {"logged_in_as": WHO})


def test_refreshed_token_is_not_fresh(app: Flask) -> None:
    tokens = sign_in(app)
    assert ask(app, "/fresh", tokens["access_token"]) == (200, {"fresh_logged_in_as": WHO})
    status, refreshed = ask(app, "/refresh", tokens["refresh_token"], "POST")
    assert status == 200
    assert ask(app, "/protected-route", refreshed["access_token"])[0] == 200
    assert ask(app, "/fresh", refreshed["access_token"]) == (401, {"msg": "Fresh token required"})


def test_access_token_cannot_refresh(app: Flask) -> None:
    answer = ask(app, "/refresh", sign_in(app)["access_token"], "POST")
    assert answer == (422, {"msg": "Only refresh tokens are allowed"})


def test_logged_out_token_is_rejected(app: Flask) -> None:
    token = sign_in(app)["access_token"]
    assert ask(app, "/logout", token, "DELETE") == (200, {"msg": "Successfully logged out"})
    assert ask(app, "/protected-route", token) == (401, {"msg": "Token has been revoked"})


@pytest.mark.filterwarnings("ignore::flask_watchword.exceptions.UnusableTokenWarning")
def test_expired_token_gets_the_tutorials_response(app: Flask) -> None:
    app.config["JWT_ACCESS_TOKEN_EXPIRES"] = -60
    answer = ask(app, "/protected-route", sign_in(app)["access_token"])
    assert answer == (401, {"msg": "The access token has expired"})
