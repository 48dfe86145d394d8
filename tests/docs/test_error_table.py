"""The table of errors has the statuses and texts that an application returns."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from flask_watchword import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    jwt_required,
    roles_required,
    set_access_cookies,
)
from tests.docs.pages import DOCS, table_rows, text_of

PAGE = text_of(DOCS / "extension" / "error-handling.md")
ROWS = {row[0]: row[1:] for row in table_rows(PAGE) if len(row) == 4}

Request = dict[str, Any]


def bearing(token: str) -> Request:
    return {"headers": {"Authorization": f"Bearer {token}"}}


def user_not_found(manager: JWTManager) -> None:
    manager.user_lookup_loader(lambda header, claims: None)


def revoked(manager: JWTManager) -> None:
    manager.token_in_blocklist_loader(lambda header, claims: True)


def unverified(manager: JWTManager) -> None:
    manager.token_verification_loader(lambda header, claims: False)


def expired() -> Request:
    return bearing(create_access_token("alice", expires_delta=timedelta(seconds=-1)))


#: By the row: the path, the request, and what the application has registered.
CASES: dict[str, tuple[str, Callable[[], Request], Callable[[JWTManager], None] | None]] = {
    "no token": ("/", dict, None),
    "the token has expired": ("/", expired, None),
    "the token is malformed, has a wrong signature or an unaccepted claim": (
        "/",
        lambda: bearing("x.y.z"),
        None,
    ),
    "the `Authorization` header has the wrong form": ("/", lambda: bearing("x y"), None),
    "a refresh token instead of an access token, or vice versa": (
        "/",
        lambda: bearing(create_refresh_token("alice")),
        None,
    ),
    "the token is not fresh": ("/fresh", lambda: bearing(create_access_token("alice")), None),
    "the token is revoked": ("/", lambda: bearing(create_access_token("alice")), revoked),
    "the CSRF value of a cookie is missing or wrong": ("/cookie", dict, None),
    "the user lookup returned `None`": (
        "/",
        lambda: bearing(create_access_token("alice")),
        user_not_found,
    ),
    "the token verification loader returned `False`": (
        "/",
        lambda: bearing(create_access_token("alice")),
        unverified,
    ),
    "a role or scope is missing": ("/role", lambda: bearing(create_access_token("alice")), None),
}


# One case creates a token that has expired already.
@pytest.mark.filterwarnings("ignore::flask_watchword.exceptions.UnusableTokenWarning")
@pytest.mark.parametrize("problem", CASES)
def test_response_is_the_one_in_the_table(problem: str) -> None:
    status, text, _ = ROWS[problem]
    path, request, register = CASES[problem]
    app = Flask("errors")
    app.config.update(
        JWT_SECRET_KEY="a secret of at least thirty-two bytes",
        JWT_TOKEN_LOCATION=["headers", "cookies"],
    )
    manager = JWTManager(app)
    if register is not None:
        register(manager)
    for rule, decorator in (
        ("/", jwt_required(locations="headers")),
        ("/fresh", jwt_required(fresh=True)),
        ("/cookie", jwt_required(locations="cookies")),
        ("/role", roles_required("admin")),
    ):
        view = decorator(lambda: "seen")
        app.add_url_rule(rule, rule, view, methods=["POST"])

    @app.get("/login")
    def login() -> Any:
        response = app.make_response("logged in")
        set_access_cookies(response, create_access_token("alice"))
        return response

    client = app.test_client()
    client.get("/login")
    with app.app_context():
        answer = client.post(path, **request())
    assert str(answer.status_code) == status
    if "`" in text:
        shown = text.split("`")[1].rstrip(".").strip()
        assert answer.get_json()["msg"].startswith(shown)
