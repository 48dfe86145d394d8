"""Fresh tokens: as a boolean, and until a point in time."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from flask_watchword import JWTManager, create_access_token, decode_token, jwt_required

pytestmark = pytest.mark.usefixtures("manager")

NOW = 1_700_000_000.0


@pytest.fixture
def manager(manager: JWTManager, app: Flask) -> JWTManager:
    manager.clock = lambda: NOW
    app.add_url_rule("/", "view", jwt_required(fresh=True)(lambda: "seen"))
    app.add_url_rule("/any", "any", jwt_required()(lambda: "seen"))
    return manager


def token(app: Flask, **arguments: Any) -> str:
    with app.app_context():
        return create_access_token("alice", **arguments)


def answer(app: Flask, encoded: str, path: str = "/") -> tuple[int, Any]:
    response = app.test_client().get(path, headers={"Authorization": f"Bearer {encoded}"})
    return response.status_code, response.get_json(silent=True) or response.text


REFUSED = (401, {"msg": "Fresh token required"})
ADMITTED = (200, "seen")


def test_fresh_token_is_accepted(app: Flask) -> None:
    assert answer(app, token(app, fresh=True)) == ADMITTED


def test_token_is_not_fresh_by_default(app: Flask) -> None:
    assert answer(app, token(app)) == REFUSED
    assert answer(app, token(app), "/any") == ADMITTED


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, ADMITTED), (299.999, ADMITTED), (300, ADMITTED), (300.001, REFUSED), (301, REFUSED)],
)
def test_token_is_fresh_until_its_timestamp(
    manager: JWTManager, app: Flask, seconds: float, expected: tuple[int, Any]
) -> None:
    encoded = token(app, fresh=timedelta(minutes=5))
    manager.clock = lambda: NOW + seconds
    assert answer(app, encoded) == expected
    assert answer(app, encoded, "/any") == ADMITTED


def test_freshness_timestamp_is_stored_in_seconds(app: Flask) -> None:
    encoded = token(app, fresh=timedelta(minutes=5))
    with app.app_context():
        assert decode_token(encoded)["fresh"] == NOW + 300


def test_token_whose_freshness_has_ended_is_rejected(app: Flask) -> None:
    assert answer(app, token(app, fresh=timedelta(seconds=-1))) == REFUSED


def test_refresh_token_is_rejected_for_its_type_before_its_freshness(app: Flask) -> None:
    encoded = token(app, additional_claims={"type": "refresh"})
    assert answer(app, encoded) == (422, {"msg": "Only non-refresh tokens are allowed"})


def test_loader_responds_to_a_token_that_is_not_fresh(manager: JWTManager, app: Flask) -> None:
    @manager.needs_fresh_token_loader
    def stale(header: dict[str, Any], claims: dict[str, Any]) -> Any:
        return {"alg": header["alg"], "who": claims["sub"]}, 403

    assert answer(app, token(app)) == (403, {"alg": "HS256", "who": "alice"})
