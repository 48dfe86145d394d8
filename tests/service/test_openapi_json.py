"""The API description as it is served: built once, and cacheable."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores
from flask_watchword.service.watchword import Watchword


def test_description_is_served_as_json(client: FlaskClient) -> None:
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.get_json()["openapi"] == "3.1.0"
    assert "/protected-route" in answer.get_json()["paths"]


def test_description_lists_only_served_endpoints(settings: Settings, stores: Stores) -> None:
    app = create_app(replace(settings, demo=False), stores=stores)
    assert "/protected-route" not in app.test_client().get("/openapi.json").get_json()["paths"]


def test_client_with_the_current_description_gets_304(client: FlaskClient) -> None:
    first = client.get("/openapi.json")
    assert first.headers["Cache-Control"] == "no-cache"
    again = client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get("/openapi.json", headers={"If-None-Match": '"another"'})
    assert (other.status_code, other.data) == (200, first.data)


def test_mounted_description_has_the_prefix_and_title(settings: Settings, stores: Stores) -> None:
    app = Flask(__name__)
    Watchword(
        app, settings=replace(settings, service_name="Shop"), stores=stores, url_prefix="/auth"
    )
    document = app.test_client().get("/auth/openapi.json").get_json()
    assert document["servers"] == [{"url": "/auth"}]
    assert document["info"]["title"] == "Shop"
    assert "/login" in document["paths"]


def test_description_is_built_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = app.test_client()
    monkeypatch.setattr("flask_watchword.service.watchword.api_document", None)
    monkeypatch.setattr("msgspec.json.schema_components", None)
    assert client.get("/openapi.json").status_code == 200
