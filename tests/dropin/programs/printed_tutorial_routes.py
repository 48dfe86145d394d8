"""Every route of the printed tutorial, with good and bad input: pytest runs it for both ways."""

# The program is written beside it when it is run.
# mypy: disable-error-code="import-not-found"

from datetime import timedelta
from typing import Any

import pytest
from tutorial import app, create_access_token, create_refresh_token

WHO = "test@example.com"
PASSED = {"expires_delta": timedelta(seconds=-1)}


def ask(method: str, path: str, token: str | None = None, **sent: Any) -> tuple[int, Any]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    response = app.test_client().open(path, method=method, headers=headers, **sent)
    return response.status_code, response.get_json(silent=True)


def access(**named: Any) -> str:
    with app.app_context():
        return str(create_access_token(WHO, **named))


def refresh(**named: Any) -> str:
    with app.app_context():
        return str(create_refresh_token(WHO, **named))


def forged(token: str) -> str:
    signing_input, _, signature = token.rpartition(".")
    return f"{signing_input}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def test_login_gives_tokens_that_open_what_they_are_for() -> None:
    status, tokens = ask("POST", "/login", json={"email": WHO, "password": "password"})
    assert (status, tokens.keys()) == (200, {"access_token", "refresh_token"})
    assert ask("GET", "/protected-route", tokens["access_token"]) == (200, {"logged_in_as": WHO})
    status, renewed = ask("POST", "/refresh", tokens["refresh_token"])
    assert (status, renewed.keys()) == (200, {"access_token"})
    assert ask("GET", "/protected-route", renewed["access_token"]) == (200, {"logged_in_as": WHO})


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"email": WHO},
        {"email": WHO, "password": None},
        {"email": WHO, "password": "wrong"},
        {"email": "somebody@example.com", "password": "password"},
    ],
)
def test_login_refuses_wrong_credentials(sent: dict[str, Any]) -> None:
    assert ask("POST", "/login", json=sent) == (401, {"msg": "Bad email or password"})


def test_login_takes_json_by_post_alone() -> None:
    assert ask("POST", "/login", data="email=x")[0] == 415
    assert ask("POST", "/login", data="{", content_type="application/json")[0] == 400
    assert ask("GET", "/login")[0] == 405


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/protected-route"), ("POST", "/refresh"), ("POST", "/expired")]
)
def test_route_needs_a_token_in_the_header(method: str, path: str) -> None:
    assert ask(method, path) == (401, {"msg": "Missing Authorization Header"})
    assert ask(method, path, "nonsense")[0] == 422
    assert ask(method, path, forged(access(**PASSED)))[0] == 422
    assert ask(method, path, forged(refresh()))[0] == 422


def test_protected_route_admits_access_tokens_that_have_not_expired() -> None:
    assert ask("GET", "/protected-route", access())[0] == 200
    answer = ask("GET", "/protected-route", refresh())
    assert answer == (422, {"msg": "Only non-refresh tokens are allowed"})
    answer = ask("GET", "/protected-route", access(**PASSED))
    assert answer == (401, {"msg": "Token has expired"})


def test_refresh_admits_refresh_tokens_that_have_not_expired() -> None:
    assert ask("POST", "/refresh", refresh())[0] == 200
    answer = ask("POST", "/refresh", access())
    assert answer == (422, {"msg": "Only refresh tokens are allowed"})
    assert ask("POST", "/refresh", refresh(**PASSED)) == (401, {"msg": "Token has expired"})


def test_expired_admits_access_tokens_that_have_expired() -> None:
    answer = ask("POST", "/expired", access(**PASSED))
    assert answer == (401, {"msg": f"The token of {WHO} has expired"})
    answer = ask("POST", "/expired", access())
    assert answer == (422, {"msg": "Only expired tokens are allowed"})
    answer = ask("POST", "/expired", refresh(**PASSED))
    assert answer == (422, {"msg": "Only non-refresh tokens are allowed"})
