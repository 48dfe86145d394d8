"""The OpenAPI operation of one endpoint."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.openapi.responses import responses_of
from flask_watchword.service.openapi.schemas import Schemas
from flask_watchword.service.openapi.security import security_of

_FORM = "application/x-www-form-urlencoded"

#: A variable in a Flask URL rule: the optional converter and the name.
_VARIABLE = re.compile(r"<(?:(?P<kind>\w+)(?:\([^)]*\))?:)?(?P<name>\w+)>")
_CONVERTER_SCHEMAS = {
    None: {"type": "string", "minLength": 1, "pattern": "^[^/]+$"},
    "int": {"type": "integer", "minimum": 0},
    "uuid": {"type": "string", "format": "uuid"},
}


def path_of(one: Endpoint) -> str:
    """Return an endpoint's path in OpenAPI syntax: ``/sessions/{session_id}``."""
    return _VARIABLE.sub(r"{\g<name>}", one.path)


def operation(one: Endpoint, tag: str, schemas: Schemas) -> dict[str, Any]:
    """Return the operation object of an endpoint.

    Args:
        one: the endpoint.
        tag: its tag.
        schemas: the schemas, including those of the endpoint's structs.
    """
    described: dict[str, Any] = {
        "operationId": one.name,
        "tags": [tag],
        "summary": one.summary,
        "description": inspect.getdoc(one.view) or "",
        "security": security_of(one.access.tokens, one.method),
        "responses": responses_of(one, schemas),
    }
    if parameters := [*_path_parameters(one), *_query_parameters(one, schemas)]:
        described["parameters"] = parameters
    for media_type, kind in (("application/json", one.body), (_FORM, one.form)):
        if kind is not None:
            content = {media_type: {"schema": schemas.of(kind)}}
            described["requestBody"] = {"required": True, "content": content}
    return described


def _path_parameters(one: Endpoint) -> Iterator[dict[str, Any]]:
    for found in _VARIABLE.finditer(one.path):
        schema = _CONVERTER_SCHEMAS[found["kind"]]
        yield {"name": found["name"], "in": "path", "required": True, "schema": schema}


def _query_parameters(one: Endpoint, schemas: Schemas) -> Iterator[dict[str, Any]]:
    if one.query is None:
        return
    whole = schemas.whole(one.query)
    for name, schema in whole["properties"].items():
        required = name in whole.get("required", ())
        yield {"name": name, "in": "query", "required": required, "schema": schema}
