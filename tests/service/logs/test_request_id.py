"""Request ids."""

import re
from dataclasses import replace

import pytest
from flask import Flask

from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores
from flask_watchword.service.watchword import Watchword

OURS = re.compile(r"[0-9a-f]{16}")


@pytest.mark.parametrize("path", ["/healthz", "/nothing", "/me"])
def test_every_response_has_a_request_id(settings: Settings, stores: Stores, path: str) -> None:
    client = create_app(settings, stores=stores).test_client()
    names = [client.get(path).headers["X-Request-ID"] for _ in range(2)]
    assert all(map(OURS.fullmatch, names))
    assert names[0] != names[1]


def test_client_cannot_choose_the_request_id(settings: Settings, stores: Stores) -> None:
    client = create_app(settings, stores=stores).test_client()
    answer = client.get("/healthz", headers={"X-Request-ID": "mine"})
    assert OURS.fullmatch(answer.headers["X-Request-ID"])


def test_trusted_proxy_can_choose_the_request_id(settings: Settings, stores: Stores) -> None:
    app = create_app(replace(settings, trusted_proxies=1), stores=stores)
    answer = app.test_client().get("/healthz", headers={"X-Request-ID": "4f.A-_9"})
    assert answer.headers["X-Request-ID"] == "4f.A-_9"


@pytest.mark.parametrize("odd", ["", "a b", "x" * 65, "\x1b[2J", "ä", "a=b"])
def test_malformed_request_id_of_a_proxy_is_ignored(
    settings: Settings, stores: Stores, odd: str
) -> None:
    app = create_app(replace(settings, trusted_proxies=1), stores=stores)
    answer = app.test_client().get("/healthz", headers={"X-Request-ID": odd})
    assert OURS.fullmatch(answer.headers["X-Request-ID"])


def test_only_endpoints_of_the_service_have_request_ids_in_an_application(
    settings: Settings, stores: Stores
) -> None:
    app = Flask("shop")
    Watchword(app, settings=settings, url_prefix="/auth", stores=stores)
    app.add_url_rule("/orders", view_func=lambda: "orders")
    client = app.test_client()
    assert OURS.fullmatch(client.get("/auth/healthz").headers["X-Request-ID"])
    assert "X-Request-ID" not in client.get("/orders").headers


def test_requests_in_one_application_context_have_different_ids(
    settings: Settings, stores: Stores
) -> None:
    app = create_app(settings, stores=stores)
    client = app.test_client()
    with app.app_context():
        names = [client.get("/healthz").headers["X-Request-ID"] for _ in range(2)]
    assert names[0] != names[1]
