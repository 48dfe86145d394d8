"""Revoked tokens, and tokens rejected by the application's own verification."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from flask_watchword import JWTManager, jwt_required
from tests.extension.conftest import Get
from tests.extension.minted_tokens import ABSENT, HOUR, MINTED_AT

REVOKED = (401, {"msg": "Token has been revoked"})


@pytest.fixture(autouse=True)
def views(app: Flask, manager: JWTManager) -> None:
    app.add_url_rule("/", "view", jwt_required()(lambda: "seen"))
    app.add_url_rule("/optional", "optional", jwt_required(optional=True)(lambda: "seen"))
    app.add_url_rule("/refresh", "refresh", jwt_required(refresh=True)(lambda: "seen"))
    app.add_url_rule("/fresh", "fresh", jwt_required(fresh=True)(lambda: "seen"))
    unchecked = jwt_required(skip_revocation_check=True)(lambda: "seen")
    app.add_url_rule("/unchecked", "unchecked", unchecked)


@pytest.fixture(params=["function", "coroutine"])
def blocklist(request: pytest.FixtureRequest, manager: JWTManager) -> set[str | None]:
    revoked: set[str | None] = set()

    def check(_header: dict[str, Any], claims: dict[str, Any]) -> bool:
        return claims["jti"] in revoked

    async def check_later(header: dict[str, Any], claims: dict[str, Any]) -> bool:
        await asyncio.sleep(0)
        return check(header, claims)

    manager.token_in_blocklist_loader(check if request.param == "function" else check_later)
    return revoked


def test_token_is_rejected_after_its_revocation(blocklist: set[str | None], get: Get) -> None:
    assert get(jti="one").status_code == 200
    blocklist.add("one")
    answer = get(jti="one")
    assert (answer.status_code, answer.get_json()) == REVOKED
    assert get(jti="two").status_code == 200


@pytest.mark.parametrize("path", ["/optional", "/refresh", "/fresh"])
def test_revoked_token_is_rejected_by_every_kind_of_view(
    blocklist: set[str | None], get: Get, path: str
) -> None:
    blocklist.add("one")
    kind = "refresh" if path == "/refresh" else "access"
    assert get(path, jti="one", type=kind, fresh=True).get_json() == REVOKED[1]


def test_blocklist_is_not_called_if_the_view_skips_it(blocklist: set[str | None], get: Get) -> None:
    blocklist.add("one")
    assert get("/unchecked", jti="one").status_code == 200


def test_token_without_an_id_is_looked_up_as_none(blocklist: set[str | None], get: Get) -> None:
    assert get(jti=ABSENT).status_code == 200
    blocklist.add(None)
    assert get(jti=ABSENT).status_code == 401


def test_expired_token_is_reported_as_expired_before_revoked(
    blocklist: set[str | None], get: Get
) -> None:
    blocklist.add("one")
    assert get(jti="one", exp=MINTED_AT - HOUR).get_json() == {"msg": "Token has expired"}


@pytest.mark.parametrize("asynchronous", [False, True])
def test_loader_responds_to_a_revoked_token(
    manager: JWTManager, get: Get, asynchronous: bool
) -> None:
    def gone(header: dict[str, Any], claims: dict[str, Any]) -> Any:
        return {"alg": header["alg"], "jti": claims["jti"]}, 403

    async def gone_later(header: dict[str, Any], claims: dict[str, Any]) -> Any:
        return gone(header, claims)

    manager.token_in_blocklist_loader(lambda _header, _claims: True)
    manager.revoked_token_loader(gone_later if asynchronous else gone)
    answer = get(jti="one")
    assert (answer.status_code, answer.get_json()) == (403, {"alg": "HS256", "jti": "one"})


def test_failing_blocklist_rejects_every_request(app: Flask, manager: JWTManager, get: Get) -> None:
    def fail(_header: object, _claims: object) -> bool:
        raise ConnectionError("blocklist is down")

    manager.token_in_blocklist_loader(fail)
    with pytest.raises(ConnectionError):
        get()


@pytest.mark.parametrize("asynchronous", [False, True])
def test_failed_verification_gives_400(manager: JWTManager, get: Get, asynchronous: bool) -> None:
    def verify(_header: dict[str, Any], claims: dict[str, Any]) -> bool:
        return bool(claims["sub"] == "alice")

    async def verify_later(header: dict[str, Any], claims: dict[str, Any]) -> bool:
        return verify(header, claims)

    manager.token_verification_loader(verify_later if asynchronous else verify)
    assert get().status_code == 200
    answer = get(sub="bob")
    assert (answer.status_code, answer.get_json()) == (
        400,
        {"msg": "User claims verification failed"},
    )


def test_loader_responds_to_a_token_that_verification_rejects(
    manager: JWTManager, get: Get
) -> None:
    manager.token_verification_loader(lambda _header, _claims: False)
    manager.token_verification_failed_loader(lambda _header, claims: ({"no": claims["sub"]}, 406))
    answer = get()
    assert (answer.status_code, answer.get_json()) == (406, {"no": "alice"})


def test_revocation_is_checked_before_verification_and_user(manager: JWTManager, get: Get) -> None:
    calls: list[str] = []

    def answering(name: str, answer: bool) -> Callable[..., bool]:
        def loader(_header: object, _claims: object) -> bool:
            calls.append(name)
            return answer

        return loader

    manager.token_in_blocklist_loader(answering("blocklist", False))
    manager.token_verification_loader(answering("verification", True))
    manager.user_lookup_loader(answering("user", True))
    assert get().status_code == 200
    assert calls == ["blocklist", "verification", "user"]


def test_loader_cannot_change_the_claims_of_the_next_request(manager: JWTManager, get: Get) -> None:
    seen = []

    def meddle(_header: dict[str, Any], claims: dict[str, Any]) -> bool:
        seen.append(claims.get("meddled"))
        claims["meddled"] = True
        return False

    manager.token_in_blocklist_loader(meddle)
    get()
    get()
    assert seen == [None, None]
