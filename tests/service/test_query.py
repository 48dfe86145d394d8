"""A query string is validated as strictly as a body."""

from typing import Annotated

import msgspec
import pytest
from flask import Blueprint, Flask, Response
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_watchword.service.access import PUBLIC
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.responses import install_error_handlers, json_response
from tests.service.declared import NO_CONTEXT


class Search(msgspec.Struct, forbid_unknown_fields=True):
    """What to look for."""

    text: Annotated[str, msgspec.Meta(max_length=8)]
    size: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    closed: bool = False


@endpoint("GET", "/find", summary="Find", access=PUBLIC, query=Search, responses={200: Search})
def find(_context: ServiceContext, query: Search) -> Response:
    """Return the parsed query."""
    return json_response(query)


@pytest.fixture
def client() -> FlaskClient:
    app, blueprint = Flask(__name__), Blueprint("ours", __name__)
    install_error_handlers(blueprint)
    find.route(blueprint, NO_CONTEXT)
    app.register_blueprint(blueprint)
    return app.test_client()


def get(client: FlaskClient, query: str) -> TestResponse:
    return client.get(f"/find?{query}")


def test_parameters_are_converted_to_their_types(client: FlaskClient) -> None:
    found = get(client, "text=a%26b&size=5&closed=true").get_json()
    assert found == {"text": "a&b", "size": 5, "closed": True}


def test_omitted_parameter_has_its_default(client: FlaskClient) -> None:
    assert get(client, "text=x").get_json() == {"text": "x", "size": 10, "closed": False}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "text"),
        ("text=" + "x" * 9, "text"),
        ("text=x&size=0", "size"),
        ("text=x&size=101", "size"),
        ("text=x&size=1.5", "size"),
        ("text=x&size=", "size"),
        ("text=x&size=NaN", "size"),
        ("text=x&size=" + "9" * 6000, "size"),
        ("text=x&closed=maybe", "closed"),
        ("text=x&text=y", "text"),
        ("text=x&text=x", "text"),
        ("text=x&other=1", "other"),
        ("text=x&Size=1", "Size"),
        ("text=x&size[]=1", "size[]"),
        ("text=x&" + "o" * 100 + "=1", "o" * 64),
    ],
)
def test_invalid_parameter_is_rejected_by_name(client: FlaskClient, query: str, field: str) -> None:
    refused = get(client, query)
    assert refused.status_code == 422
    assert refused.get_json()["code"] == "invalid_field"
    assert refused.get_json()["field"] == field
