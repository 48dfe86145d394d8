"""Loading the user of a token, by functions and by coroutine functions."""
# jwt_required() is typed Any, as Flask-JWT-Extended's is.
# mypy: disable-error-code=untyped-decorator

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, jsonify

from flask_watchword import (
    JWTManager,
    create_access_token,
    current_user,
    decode_token,
    get_current_user,
    get_jwt,
    jwt_required,
)
from tests.extension.conftest import Get

USERS = {"alice": {"name": "Alice"}}


@pytest.fixture(autouse=True)
def views(app: Flask, manager: JWTManager) -> None:
    @app.get("/")
    @jwt_required()
    def view() -> Any:
        return jsonify(current_user._get_current_object())

    @app.get("/optional")
    @jwt_required(optional=True)
    def optional() -> Any:
        return jsonify(get_current_user())


@pytest.fixture(params=["function", "coroutine"])
def users(request: pytest.FixtureRequest, manager: JWTManager) -> None:
    def look_up(_header: dict[str, Any], claims: dict[str, Any]) -> Any:
        return USERS.get(claims["sub"])

    async def look_up_later(header: dict[str, Any], claims: dict[str, Any]) -> Any:
        await asyncio.sleep(0)
        return look_up(header, claims)

    manager.user_lookup_loader(look_up if request.param == "function" else look_up_later)


def remembering(seen: list[Any]) -> Callable[..., str]:
    """Return a user loader that records its arguments."""

    def look_up(*arguments: Any) -> str:
        seen.append(arguments)
        return "user"

    return look_up


@pytest.mark.usefixtures("users")
def test_user_is_loaded(get: Get) -> None:
    assert get().get_json() == {"name": "Alice"}


@pytest.mark.usefixtures("users")
def test_unknown_user_is_rejected_with_401(get: Get) -> None:
    answer = get(sub="bob")
    assert (answer.status_code, answer.get_json()) == (
        401,
        {"msg": "Error loading the user bob"},
    )


@pytest.mark.usefixtures("users")
def test_unknown_user_is_rejected_for_an_optional_token_too(get: Get) -> None:
    assert get("/optional", sub="bob").status_code == 401


@pytest.mark.usefixtures("users")
def test_absent_token_has_no_user(get: Get) -> None:
    assert get("/optional", token=None).get_json() is None


@pytest.mark.parametrize("falsy", [0, "", [], False])
def test_falsy_user_other_than_none_is_a_user(manager: JWTManager, get: Get, falsy: Any) -> None:
    manager.user_lookup_loader(lambda _header, _claims: falsy)
    assert get().get_json() == falsy


def test_loader_gets_header_and_claims_once_per_request(manager: JWTManager, get: Get) -> None:
    seen: list[Any] = []
    manager.user_lookup_loader(remembering(seen))
    get()
    assert [(header["alg"], claims["sub"]) for header, claims in seen] == [("HS256", "alice")]


def test_loader_is_not_called_for_a_rejected_token(manager: JWTManager, get: Get) -> None:
    seen: list[Any] = []
    manager.user_lookup_loader(remembering(seen))
    manager.token_in_blocklist_loader(lambda _header, _claims: True)
    assert get().status_code == 401
    assert seen == []


def test_user_is_loaded_for_each_request(manager: JWTManager, get: Get) -> None:
    found = iter(["first", "second"])
    manager.user_lookup_loader(lambda _header, _claims: next(found))
    assert [get().get_json(), get().get_json()] == ["first", "second"]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_loader_responds_to_an_unknown_user(
    manager: JWTManager, get: Get, asynchronous: bool
) -> None:
    manager.user_lookup_loader(lambda _header, _claims: None)

    def gone(_header: dict[str, Any], claims: dict[str, Any]) -> Any:
        return {"gone": claims["sub"]}, 410

    async def gone_later(header: dict[str, Any], claims: dict[str, Any]) -> Any:
        return gone(header, claims)

    manager.user_lookup_error_loader(gone_later if asynchronous else gone)
    answer = get()
    assert (answer.status_code, answer.get_json()) == (410, {"gone": "alice"})


def test_error_of_the_loader_propagates_to_the_application(
    app: Flask, manager: JWTManager, get: Get
) -> None:
    def fail(_header: object, _claims: object) -> None:
        raise LookupError("database is down")

    manager.user_lookup_loader(fail)
    with pytest.raises(LookupError, match="database is down"):
        get()


@pytest.mark.parametrize("asynchronous", [False, True])
def test_identity_loader_turns_an_object_into_a_subject(
    app: Flask, manager: JWTManager, asynchronous: bool
) -> None:
    def identity(user: dict[str, str]) -> str:
        return user["id"]

    async def identity_later(user: dict[str, str]) -> str:
        return user["id"]

    manager.user_identity_loader(identity_later if asynchronous else identity)
    with app.app_context():
        assert decode_token(create_access_token({"id": "u1"}))["sub"] == "u1"


@pytest.mark.parametrize("asynchronous", [False, True])
def test_claims_and_headers_come_from_their_loaders(
    app: Flask, manager: JWTManager, asynchronous: bool
) -> None:
    async def role_later(identity: str) -> dict[str, str]:
        return {"role": identity.upper()}

    manager.additional_claims_loader(
        role_later if asynchronous else lambda identity: {"role": identity.upper()}
    )
    with app.app_context():
        assert decode_token(create_access_token("alice"))["role"] == "ALICE"
        given = create_access_token("alice", additional_claims={"role": "none"})
        assert decode_token(given)["role"] == "none"


def test_coroutine_loaders_serve_a_coroutine_view(
    app: Flask, manager: JWTManager, get: Get
) -> None:
    async def look_up(_header: object, claims: dict[str, Any]) -> Any:
        await asyncio.sleep(0)
        return USERS.get(claims["sub"])

    manager.user_lookup_loader(look_up)

    @app.get("/later")
    @jwt_required()
    async def later() -> Any:
        await asyncio.sleep(0)
        return jsonify(user=get_current_user(), who=get_jwt()["sub"])

    assert get("/later").get_json() == {"user": {"name": "Alice"}, "who": "alice"}
    assert get("/later", sub="bob").status_code == 401


def test_loader_that_returns_an_awaitable_object_is_awaited(manager: JWTManager, get: Get) -> None:
    class LookUp:
        async def __call__(self, _header: object, _claims: object) -> None:
            return None

    manager.user_lookup_loader(LookUp())
    assert get().status_code == 401
