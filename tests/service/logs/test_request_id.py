"""The names of requests."""

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
def test_every_answer_names_its_request(settings: Settings, stores: Stores, path: str) -> None:
    client = create_app(settings, stores=stores).test_client()
    names = [client.get(path).headers["X-Request-ID"] for _ in range(2)]
    assert all(map(OURS.fullmatch, names))
    assert names[0] != names[1]


def test_a_client_does_not_choose_the_name(settings: Settings, stores: Stores) -> None:
    client = create_app(settings, stores=stores).test_client()
    answer = client.get("/healthz", headers={"X-Request-ID": "mine"})
    assert OURS.fullmatch(answer.headers["X-Request-ID"])


def test_a_trusted_proxy_does(settings: Settings, stores: Stores) -> None:
    app = create_app(replace(settings, trusted_proxies=1), stores=stores)
    answer = app.test_client().get("/healthz", headers={"X-Request-ID": "4f.A-_9"})
    assert answer.headers["X-Request-ID"] == "4f.A-_9"


@pytest.mark.parametrize("odd", ["", "a b", "x" * 65, "\x1b[2J", "ä", "a=b"])
def test_but_no_odd_one(settings: Settings, stores: Stores, odd: str) -> None:
    app = create_app(replace(settings, trusted_proxies=1), stores=stores)
    answer = app.test_client().get("/healthz", headers={"X-Request-ID": odd})
    assert OURS.fullmatch(answer.headers["X-Request-ID"])


def test_in_an_application_only_the_endpoints_of_the_service_have_one(
    settings: Settings, stores: Stores
) -> None:
    app = Flask("shop")
    Watchword(app, settings=settings, url_prefix="/auth", stores=stores)
    app.add_url_rule("/orders", view_func=lambda: "orders")
    client = app.test_client()
    assert OURS.fullmatch(client.get("/auth/healthz").headers["X-Request-ID"])
    assert "X-Request-ID" not in client.get("/orders").headers


def test_requests_in_one_application_context_have_names_of_their_own(
    settings: Settings, stores: Stores
) -> None:
    app = create_app(settings, stores=stores)
    client = app.test_client()
    with app.app_context():
        names = [client.get("/healthz").headers["X-Request-ID"] for _ in range(2)]
    assert names[0] != names[1]
