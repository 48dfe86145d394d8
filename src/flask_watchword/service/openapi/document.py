"""The whole description of an application's API."""

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
    "Bodies are JSON. What is refused is answered with a `msg` for people, which may change, a "
    "`code` for programs, which may not, and the `field` that is wrong where it is one. A path "
    "that there is not is `not_found` (404), another method `method_not_allowed` (405)."
)
#: What an endpoint is shown under whose path has nothing in common with another's.
_OTHERWISE = "service"


def api_document(served: Sequence[Endpoint], title: str, prefix: str) -> bytes:
    """Return the description of endpoints as JSON (OpenAPI 3.1.0).

    Args:
        served: the endpoints.
        title: what the service is called.
        prefix: what their paths begin with where they are served.
    """
    described = {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": importlib.metadata.version("Flask-Watchword"),
            "description": _ABOUT,
        },
        "servers": [{"url": prefix or "/"}],
        **_endpoints(served),
    }
    return msgspec.json.encode(described) + b"\n"


def served_below(document: bytes, prefix: str) -> bytes:
    """Return a description whose server is below one more path.

    Args:
        document: what :func:`api_document` returned.
        prefix: the path, without a slash at its end.
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
        described = operation(one, first if shared[first] > 1 else _OTHERWISE, schemas)
        paths.setdefault(path_of(one), {})[one.method.lower()] = described
    components = {"schemas": schemas.components, "securitySchemes": security_schemes()}
    return {"paths": paths, "components": components}


def _structs(one: Endpoint) -> Iterator[Struct]:
    yield from (kind for kind in (one.body, one.form, one.query) if kind is not None)
    yield from structs_of(one)


def _first_segment(one: Endpoint) -> str:
    return one.path.split("/")[1]
