"""Two nodes whose clocks differ."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from flask import Flask

from flask_watchword import jwt_required
from flask_watchword.clock import system_clock
from flask_watchword.extension.state import state_of
from flask_watchword.service.tokens import DEFAULT_LEEWAY_SECONDS
from tests.service.test_machine_tokens import KINDS, access, make
from tests.service.under_test import ServiceUnderTest, service_under_test


@pytest.fixture
def nodes(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[ServiceUnderTest, ServiceUnderTest]]:
    """Two services over one database."""
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(service_under_test(database_url, monkeypatch)) for _ in range(2)
        )
        for one in (first, second):
            _add_view(one.app)
        first.add_verified()
        yield first, second


def _add_view(app: Flask) -> None:
    @app.get("/orders")
    @jwt_required()
    def orders() -> dict[str, str]:
        return {}


def orders(one: ServiceUnderTest, token: str) -> int:
    feed = state_of(one.app).revocations
    assert feed is not None
    feed.catch_up()
    headers = {"Authorization": f"Bearer {token}"}
    return one.client.get("/orders", headers=headers).status_code


def set_forward(one: ServiceUnderTest, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the clock of one node ahead of the other's."""
    manager = state_of(one.app).callbacks
    monkeypatch.setattr(manager, "clock", lambda: system_clock() + seconds)


def test_node_slightly_behind_accepts_a_token_just_signed_by_another(
    nodes: tuple[ServiceUnderTest, ServiceUnderTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead, behind = nodes
    set_forward(ahead, DEFAULT_LEEWAY_SECONDS - 1, monkeypatch)
    pair = ahead.pair()
    assert behind.me(pair["access_token"]).status_code == 200
    renewed = behind.post("/refresh", pair["refresh_token"])
    assert renewed.status_code == 200
    assert ahead.me(renewed.get_json()["access_token"]).status_code == 200
    assert ahead.post("/logout", pair["access_token"]).status_code == 204
    assert behind.post("/refresh", renewed.get_json()["refresh_token"]).status_code == 401


def test_node_far_behind_rejects_the_token_as_not_valid_yet(
    nodes: tuple[ServiceUnderTest, ServiceUnderTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead, behind = nodes
    set_forward(ahead, DEFAULT_LEEWAY_SECONDS + 60, monkeypatch)
    refused = behind.me(ahead.pair()["access_token"])
    assert refused.status_code == 401
    assert "not yet valid" in refused.get_json()["msg"]


@pytest.mark.parametrize("kind", KINDS)
def test_access_token_of_a_revoked_api_token_is_rejected_although_its_node_is_ahead(
    nodes: tuple[ServiceUnderTest, ServiceUnderTest], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    ahead, behind = nodes
    set_forward(ahead, DEFAULT_LEEWAY_SECONDS - 1, monkeypatch)
    session = behind.pair()["access_token"]
    made = make(behind, session, kind, scopes=[])
    token = access(ahead, made)
    assert [orders(one, token) for one in nodes] == [200, 200]
    assert behind.ask("DELETE", f"{kind}/{made['made']['id']}", session).status_code == 204
    assert [orders(one, token) for one in nodes] == [401, 401]


def test_another_api_token_of_the_same_owner_gets_access_immediately(
    nodes: tuple[ServiceUnderTest, ServiceUnderTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead, behind = nodes
    set_forward(ahead, DEFAULT_LEEWAY_SECONDS - 1, monkeypatch)
    session = behind.pair()["access_token"]
    gone, stays = (make(behind, session, "/tokens", scopes=[], name=name) for name in "ab")
    assert behind.ask("DELETE", f"/tokens/{gone['made']['id']}", session).status_code == 204
    for issuer in nodes:
        token = access(issuer, stays)
        assert [orders(one, token) for one in nodes] == [200, 200]


def test_access_after_a_user_is_disabled_and_enabled(
    nodes: tuple[ServiceUnderTest, ServiceUnderTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead, behind = nodes
    set_forward(ahead, DEFAULT_LEEWAY_SECONDS - 1, monkeypatch)
    made = [make(behind, behind.pair()["access_token"], kind, scopes=[]) for kind in KINDS]
    user = behind.user()
    assert user is not None
    before = [access(ahead, one) for one in made]
    with behind.app.app_context(), behind.parts.accounts.end_access(user.id):
        behind.parts.stores.users.disable(user.id, system_clock())
    assert [orders(one, token) for one in nodes for token in before] == [401] * 4
    behind.parts.stores.users.enable(user.id)
    after = [access(ahead, one) for one in made]
    assert [orders(one, token) for one in nodes for token in after] == [200] * 4
    assert [orders(one, token) for one in nodes for token in before] == [401] * 4
