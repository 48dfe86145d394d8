"""`@jwt_expired_token_required` accepts a token that is valid except for its expiry."""
# jwt_required() is typed Any, as Flask-JWT-Extended's is.
# mypy: disable-error-code=untyped-decorator

from typing import Any

import pytest
from flask import Flask, jsonify

from flask_watchword import (
    JWTManager,
    create_access_token,
    get_current_user,
    get_jwt,
    get_jwt_identity,
    get_jwt_request_location,
    jwt_expired_token_required,
    verify_expired_in_request,
)
from tests.extension.conftest import Get
from tests.extension.minted_tokens import ABSENT, CSRF, HOUR, MINTED_AT, from_other_key, mint

OVER = MINTED_AT - HOUR


@pytest.fixture(autouse=True)
def views(app: Flask, manager: JWTManager) -> None:
    @app.route("/", methods=["GET", "POST", "OPTIONS"])
    @jwt_expired_token_required()
    def view() -> Any:
        return jsonify(msg="The token has expired"), 401

    @app.get("/who")
    @jwt_expired_token_required()
    def who() -> Any:
        return jsonify(
            who=get_jwt_identity(), where=get_jwt_request_location(), exp=get_jwt()["exp"]
        )

    @app.get("/refresh")
    @jwt_expired_token_required(refresh=True)
    def refresh() -> str:
        return "seen"


def test_expired_token_reaches_the_view(get: Get) -> None:
    answer = get(exp=OVER)
    assert (answer.status_code, answer.get_json()) == (401, {"msg": "The token has expired"})


def test_view_can_read_the_expired_token(get: Get) -> None:
    assert get("/who", exp=OVER).get_json() == {"who": "alice", "where": "headers", "exp": OVER}


@pytest.mark.parametrize("exp", [MINTED_AT + HOUR, ABSENT], ids=["later", "never"])
def test_token_that_has_not_expired_is_rejected_with_a_clear_message(get: Get, exp: Any) -> None:
    answer = get(exp=exp)
    assert (answer.status_code, answer.get_json()) == (
        422,
        {"msg": "Only expired tokens are allowed"},
    )


def test_missing_token_is_rejected_with_401(get: Get) -> None:
    answer = get(token=None)
    assert (answer.status_code, answer.get_json()) == (401, {"msg": "Missing Authorization Header"})


def test_refresh_token_is_rejected_where_an_access_token_is_required(get: Get) -> None:
    answer = get(exp=OVER, type="refresh")
    assert answer.get_json() == {"msg": "Only non-refresh tokens are allowed"}


def test_refresh_token_is_accepted_where_it_is_required(get: Get) -> None:
    assert get("/refresh", exp=OVER, type="refresh").text == "seen"
    assert get("/refresh", exp=OVER).get_json() == {"msg": "Only refresh tokens are allowed"}


def test_revoked_token_is_rejected(manager: JWTManager, get: Get) -> None:
    manager.token_in_blocklist_loader(lambda _header, claims: claims["jti"] == "one")
    assert get(exp=OVER, jti="one").get_json() == {"msg": "Token has been revoked"}


def test_token_that_the_applications_verification_rejects_is_rejected(
    manager: JWTManager, get: Get
) -> None:
    manager.token_verification_loader(lambda _header, _claims: False)
    assert get(exp=OVER).get_json() == {"msg": "User claims verification failed"}


def test_user_of_the_expired_token_is_loaded(app: Flask, manager: JWTManager, get: Get) -> None:
    manager.user_lookup_loader(lambda _header, claims: {"alice": "Alice"}.get(claims["sub"]))
    view = jwt_expired_token_required()(lambda: str(get_current_user()))
    app.add_url_rule("/user", "user", view)
    assert get("/user", exp=OVER).text == "Alice"
    assert get("/user", exp=OVER, sub="bob").status_code == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": 7},
        {"jti": 7},
        {"nbf": MINTED_AT + HOUR},
        {"iat": MINTED_AT + HOUR},
        {"sub": ABSENT},
        {"exp": True},
        {"exp": "1"},
        {"exp": None},
    ],
)
def test_expired_token_with_another_defect_is_rejected(get: Get, claims: dict[str, Any]) -> None:
    answer = get(**{"exp": OVER, **claims})
    assert answer.status_code == 422


def test_forged_expired_token_is_rejected(app: Flask) -> None:
    headers = {"Authorization": f"Bearer {mint('HS256', 'theirs', exp=OVER)}"}
    answer = app.test_client().get("/", headers=headers)
    assert (answer.status_code, answer.get_json()) == (
        422,
        {"msg": "Signature verification failed"},
    )


def test_token_of_another_key_is_reported_as_invalid_and_not_as_expired(app: Flask) -> None:
    headers = {"Authorization": f"Bearer {from_other_key('HS256')}"}
    assert app.test_client().get("/", headers=headers).status_code == 422


def test_audience_and_issuer_are_checked(app: Flask, get: Get) -> None:
    app.config.update(JWT_DECODE_AUDIENCE="us", JWT_DECODE_ISSUER="us")
    assert get(exp=OVER).status_code == 422
    assert get(exp=OVER, aud="us", iss="them").status_code == 422
    assert get(exp=OVER, aud="us", iss="us").status_code == 401


def test_expired_cookie_requires_its_csrf_value(app: Flask) -> None:
    app.config["JWT_TOKEN_LOCATION"] = ["cookies"]
    client = app.test_client(use_cookies=False)
    cookie = {"Cookie": f"access_token_cookie={mint('HS256', exp=OVER)}"}
    assert client.post("/", headers=cookie).get_json() == {"msg": "Missing CSRF token"}
    wrong = client.post("/", headers={**cookie, "X-CSRF-TOKEN": "other"})
    assert wrong.get_json() == {"msg": "CSRF double submit tokens do not match"}
    right = client.post("/", headers={**cookie, "X-CSRF-TOKEN": CSRF})
    assert right.get_json() == {"msg": "The token has expired"}


def test_locations_can_be_given(app: Flask) -> None:
    view = jwt_expired_token_required(locations=["query_string"])(lambda: "seen")
    app.add_url_rule("/query", "query", view)
    client = app.test_client()
    assert client.get(f"/query?jwt={mint('HS256', exp=OVER)}").text == "seen"
    assert client.get("/query").status_code == 401


def test_preflight_is_accepted(app: Flask) -> None:
    assert app.test_client().options("/").get_json() == {"msg": "The token has expired"}
    with app.test_request_context(method="OPTIONS"):
        assert verify_expired_in_request() is None


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (899.999, {"msg": "Only expired tokens are allowed"}),
        (900, {"msg": "The token has expired"}),
        (901, {"msg": "The token has expired"}),
    ],
)
@pytest.mark.parametrize("leeway", [0, 30])
def test_token_counts_as_expired_from_the_second_of_its_exp(
    app: Flask, manager: JWTManager, later: float, expected: dict[str, str], leeway: int
) -> None:
    app.config["JWT_DECODE_LEEWAY"] = leeway
    manager.clock = lambda: 1_700_000_000.0
    with app.app_context():
        headers = {"Authorization": f"Bearer {create_access_token('alice')}"}
    manager.clock = lambda: 1_700_000_000.0 + later + leeway
    assert app.test_client().get("/", headers=headers).get_json() == expected


def test_asynchronous_view_runs(app: Flask, get: Get) -> None:
    @app.get("/later")
    @jwt_expired_token_required()
    async def later() -> str:
        return str(get_jwt_identity())

    assert get("/later", exp=OVER).text == "alice"


def test_decorator_works_without_parentheses(app: Flask, get: Get) -> None:
    @app.get("/bare")
    @jwt_expired_token_required
    def bare() -> str:
        return str(get_jwt_identity())

    assert bare.__name__ == "bare"
    assert get("/bare", exp=OVER).text == "alice"
    assert get("/bare").status_code == 422
    assert get("/bare", token=None).status_code == 401
