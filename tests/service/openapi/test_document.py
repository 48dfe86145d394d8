"""The API description is valid, complete, and derived from the endpoints' declarations."""

import importlib.metadata
from http import HTTPStatus
from typing import Any

import msgspec
import pytest
from flask import Response
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from flask_watchword.service.access import ACCESS, PUBLIC
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import Endpoint, endpoint
from flask_watchword.service.features.table import FEATURES, endpoints_of
from flask_watchword.service.openapi.document import api_document
from flask_watchword.service.responses import no_content
from tests.service.declared import codes_by_status

SERVED = endpoints_of(FEATURES)


def described(*served: Endpoint, prefix: str = "") -> Any:
    return msgspec.json.decode(api_document(served or SERVED, "Watchword", prefix))


def operation_of(one: Endpoint, document: Any) -> Any:
    (found,) = (
        found
        for path in document["paths"].values()
        for found in path.values()
        if found["operationId"] == one.name
    )
    return found


class Search(msgspec.Struct, forbid_unknown_fields=True):
    """What to look for.

    Attributes:
        size: how many to find
            at most.
    """

    text: str
    size: int = 10


@endpoint(
    "GET",
    "/things/<int:shelf>/<name>",
    summary="Find things",
    access=PUBLIC,
    query=Search,
    responses={204: None},
)
def find(_context: ServiceContext, shelf: int, name: str, query: Search) -> Response:
    """Return nothing."""
    return no_content()


def test_description_is_valid() -> None:
    assert list(OpenAPIV31SpecValidator(described()).iter_errors()) == []


def test_every_endpoint_is_described_with_every_status() -> None:
    document = described()
    for one in SERVED:
        statuses = {int(status) for status in operation_of(one, document)["responses"]}
        assert statuses == {*map(int, one.responses), *codes_by_status(one)}


def test_every_error_response_has_an_example_of_each_code_and_allows_no_other() -> None:
    document = described()
    for one in SERVED:
        responses = operation_of(one, document)["responses"]
        for status, codes in codes_by_status(one).items():
            content = responses[str(status)]["content"]["application/json"]
            assert content["schema"]["properties"]["code"]["enum"] == sorted(codes)
            examples = content["examples"].values()
            assert [example["value"]["code"] for example in examples] == sorted(codes)


def test_every_example_matches_its_schema() -> None:
    document = described()
    components = {"components": document["components"]}
    for one in SERVED:
        for response in operation_of(one, document)["responses"].values():
            for content in response.get("content", {}).values():
                validator = OAS31Validator({**components, **content["schema"]})
                for example in content.get("examples", {}).values():
                    validator.validate(example["value"])


@pytest.mark.parametrize(
    ("status", "header"),
    [(401, "WWW-Authenticate"), (429, "Retry-After"), (503, "Retry-After")],
)
def test_required_response_headers_are_described(status: HTTPStatus, header: str) -> None:
    document = described()
    owing = [
        operation_of(one, document)["responses"][str(status)]
        for one in SERVED
        if status in codes_by_status(one)
    ]
    assert owing
    assert all(response["headers"][header]["required"] for response in owing)


def test_permission_is_described_as_a_security_requirement() -> None:
    security = {one.name: operation_of(one, described())["security"] for one in SERVED}
    assert security["login"] == []
    assert security["me"] == [{"access_token": []}, {"access_cookie": []}]
    by_cookie: dict[str, list[str]] = {"refresh_cookie": [], "csrf_token": []}
    assert security["refresh"] == [{"refresh_token": []}, by_cookie]
    assert security["logout"] == [{"access_token": []}, {"refresh_token": []}, by_cookie]


def test_endpoint_that_takes_a_token_describes_a_missing_token() -> None:
    for one in SERVED:
        found = operation_of(one, described())
        assert bool(found["security"]) == ("missing_token" in str(found["responses"].get("401")))


def test_body_schema_is_derived_from_its_struct_with_limits() -> None:
    document = described()
    (login,) = (one for one in SERVED if one.name == "login")
    content = operation_of(login, document)["requestBody"]["content"]
    assert content == {"application/json": {"schema": {"$ref": "#/components/schemas/Credentials"}}}
    credentials = document["components"]["schemas"]["Credentials"]
    assert credentials["properties"]["email"] == {"type": "string", "maxLength": 320}
    assert credentials["additionalProperties"] is False


def test_path_and_query_parameters_are_described() -> None:
    document = described(find)
    parameters = document["paths"]["/things/{shelf}/{name}"]["get"]["parameters"]
    assert [(one["name"], one["in"], one["required"]) for one in parameters] == [
        ("shelf", "path", True),
        ("name", "path", True),
        ("text", "query", True),
        ("size", "query", False),
    ]
    assert parameters[0]["schema"]["type"] == "integer"
    assert parameters[3]["schema"] == {
        "type": "integer",
        "default": 10,
        "description": "how many to find at most.",
    }
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_docstrings_of_structs_and_attributes_become_descriptions() -> None:
    device = described()["components"]["schemas"]["Device"]
    assert device["description"] == "A session."
    assert device["properties"]["id"]["description"] == "its id, to end it."
    assert device["properties"]["created_at"]["format"] == "date-time"


def test_endpoints_with_a_common_path_prefix_are_grouped() -> None:
    tags = {one.path: operation_of(one, described())["tags"] for one in SERVED}
    assert tags["/password/change"] == tags["/password/reset"] == ["password"]
    assert tags["/healthz"] == ["service"]


def test_description_names_the_server_and_version() -> None:
    document = described(prefix="/auth")
    assert document["servers"] == [{"url": "/auth"}]
    assert described()["servers"] == [{"url": "/"}]
    assert document["info"]["version"] == importlib.metadata.version("Flask-Watchword")


def test_endpoint_whose_view_has_no_docstring_is_described() -> None:
    @endpoint("POST", "/quiet", summary="Say nothing", access=ACCESS, responses={204: None})
    def quiet(_context: ServiceContext) -> Response:
        return no_content()

    assert described(quiet)["paths"]["/quiet"]["post"]["description"] == ""
