"""The OpenAPI document of an application."""

import importlib.metadata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.openapi.operation import operation, path_of
from flask_watchword.service.openapi.responses import structs_of
from flask_watchword.service.openapi.schemas import Schemas, Struct
from flask_watchword.service.openapi.security import security_schemes

_ABOUT = (
    "Bodies are JSON. An error has a `msg` for people, which may change, a stable `code` for "
    "programs, and the invalid `field` if there is one. An unknown path is `not_found` (404), an "
    "unsupported method `method_not_allowed` (405)."
)
#: The tag of endpoints whose path shares its first segment with no other endpoint.
_DEFAULT_TAG = "service"


def api_document(served: Sequence[Endpoint], title: str, prefix: str) -> bytes:
    """Return the OpenAPI 3.1.0 document of endpoints, as JSON.

    Args:
        served: the endpoints.
        title: the name of the service.
        prefix: the URL prefix that the endpoints are served below.
    """
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": importlib.metadata.version("Flask-Watchword"),
            "description": _ABOUT,
        },
        "servers": [{"url": prefix or "/"}],
        **_endpoints(served),
    }
    return msgspec.json.encode(document) + b"\n"


def served_below(document: bytes, prefix: str) -> bytes:
    """Return a document with a path prefix added to its server URL.

    Args:
        document: the result of :func:`api_document`.
        prefix: the path, without a trailing slash.
    """
    if not prefix:
        return document
    members = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
    (server,) = msgspec.json.decode(members["servers"], type=list[dict[str, str]])
    url = prefix + server["url"].rstrip("/")
    return msgspec.json.encode({**members, "servers": [{"url": url}]}) + b"\n"


def _endpoints(served: Sequence[Endpoint]) -> dict[str, Any]:
    schemas = Schemas(kind for one in served for kind in _structs(one))
    shared = Counter(_first_segment(one) for one in served)
    paths: dict[str, Any] = {}
    for one in served:
        first = _first_segment(one)
        described = operation(one, first if shared[first] > 1 else _DEFAULT_TAG, schemas)
        paths.setdefault(path_of(one), {})[one.method.lower()] = described
    components = {"schemas": schemas.components, "securitySchemes": security_schemes()}
    return {"paths": paths, "components": components}


def _structs(one: Endpoint) -> Iterator[Struct]:
    yield from (kind for kind in (one.body, one.form, one.query) if kind is not None)
    yield from structs_of(one)


def _first_segment(one: Endpoint) -> str:
    return one.path.split("/")[1]
