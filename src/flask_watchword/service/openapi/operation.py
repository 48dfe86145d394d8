"""One endpoint, as OpenAPI describes it."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.openapi.responses import responses_of
from flask_watchword.service.openapi.schemas import Schemas
from flask_watchword.service.openapi.security import security_of

_FORM = "application/x-www-form-urlencoded"

#: A variable in a path of Flask's: what converts it, where that is not text, and its name.
_VARIABLE = re.compile(r"<(?:(?P<kind>\w+)(?:\([^)]*\))?:)?(?P<name>\w+)>")
_CONVERTED = {
    None: {"type": "string", "minLength": 1, "pattern": "^[^/]+$"},
    "int": {"type": "integer", "minimum": 0},
    "uuid": {"type": "string", "format": "uuid"},
}


def path_of(one: Endpoint) -> str:
    """Return an endpoint's path as OpenAPI writes it: ``/sessions/{session_id}``."""
    return _VARIABLE.sub(r"{\g<name>}", one.path)


def operation(one: Endpoint, tag: str, schemas: Schemas) -> dict[str, Any]:
    """Return what is to be known of an endpoint.

    Args:
        one: the endpoint.
        tag: what it is shown under.
        schemas: those of its structs are among them.
    """
    described: dict[str, Any] = {
        "operationId": one.name,
        "tags": [tag],
        "summary": one.summary,
        "description": inspect.getdoc(one.view) or "",
        "security": security_of(one.guard.tokens, one.method),
        "responses": responses_of(one, schemas),
    }
    if parameters := [*_of_the_path(one), *_of_the_query(one, schemas)]:
        described["parameters"] = parameters
    for media_type, kind in (("application/json", one.body), (_FORM, one.form)):
        if kind is not None:
            content = {media_type: {"schema": schemas.of(kind)}}
            described["requestBody"] = {"required": True, "content": content}
    return described


def _of_the_path(one: Endpoint) -> Iterator[dict[str, Any]]:
    for found in _VARIABLE.finditer(one.path):
        schema = _CONVERTED[found["kind"]]
        yield {"name": found["name"], "in": "path", "required": True, "schema": schema}


def _of_the_query(one: Endpoint, schemas: Schemas) -> Iterator[dict[str, Any]]:
    if one.query is None:
        return
    whole = schemas.whole(one.query)
    for name, schema in whole["properties"].items():
        required = name in whole.get("required", ())
        yield {"name": name, "in": "query", "required": required, "schema": schema}
