"""Two nodes whose clocks differ."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from flask_watchword.clock import system_clock
from flask_watchword.extension.binding import binding_of
from flask_watchword.service.tokens import CLOCKS_DIFFER
from tests.service.site import Site, site


@pytest.fixture
def nodes(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Site, Site]]:
    """Two services over one database."""
    with ExitStack() as stack:
        first, second = (stack.enter_context(site(database_url, monkeypatch)) for _ in range(2))
        first.add()
        yield first, second


def set_forward(one: Site, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the clock of a node be ahead of the other's."""
    manager = binding_of(one.app).manager
    monkeypatch.setattr(manager, "clock", lambda: system_clock() + seconds)


def test_a_node_that_is_a_little_behind_takes_what_another_has_just_signed(
    nodes: tuple[Site, Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead, behind = nodes
    set_forward(ahead, CLOCKS_DIFFER - 1, monkeypatch)
    pair = ahead.pair()
    assert behind.me(pair["access_token"]).status_code == 200
    renewed = behind.post("/refresh", pair["refresh_token"])
    assert renewed.status_code == 200
    assert ahead.me(renewed.get_json()["access_token"]).status_code == 200
    assert ahead.post("/logout", pair["access_token"]).status_code == 204
    assert behind.post("/refresh", renewed.get_json()["refresh_token"]).status_code == 401


def test_a_node_that_is_far_behind_refuses_it_as_not_valid_yet(
    nodes: tuple[Site, Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead, behind = nodes
    set_forward(ahead, CLOCKS_DIFFER + 60, monkeypatch)
    refused = behind.me(ahead.pair()["access_token"])
    assert refused.status_code == 401
    assert "not yet valid" in refused.get_json()["msg"]
