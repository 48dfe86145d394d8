"""The OpenAPI responses of an endpoint, by status."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from flask_watchword.accounts.errors import ErrorCode
from flask_watchword.service.endpoint import Content, Endpoint, ResponseBody
from flask_watchword.service.openapi.schemas import Schemas, Struct
from flask_watchword.service.responses import Problem

_JSON = "application/json"

_CHALLENGE = {
    "WWW-Authenticate": {
        "description": "The authentication scheme (RFC 9110 section 11.6.1).",
        "required": True,
        "schema": {"type": "string", "pattern": "^Bearer "},
    }
}
_RETRY = {
    "Retry-After": {
        "description": "Seconds to wait before the next attempt (RFC 9110 section 10.2.3).",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    }
}
#: Headers that a status always has.
_HEADERS: Mapping[int, Mapping[str, Any]] = {
    HTTPStatus.UNAUTHORIZED: _CHALLENGE,
    HTTPStatus.TOO_MANY_REQUESTS: _RETRY,
    HTTPStatus.SERVICE_UNAVAILABLE: _RETRY,
}


def responses_of(one: Endpoint, schemas: Schemas) -> dict[str, Any]:
    """Return every response of an endpoint, successful or not, by status."""
    found = {status: _success(status, body, schemas) for status, body in one.responses.items()}
    for status, errors in one.errors_by_status().items():
        found[status] = _error(status, errors, schemas)
    return {str(int(status)): found[status] for status in sorted(found)}


def structs_of(one: Endpoint) -> Iterable[Struct]:
    """Return the structs in an endpoint's responses."""
    for body in one.responses.values():
        for kind in _contents(body):
            if kind.kind is not None:
                yield kind.kind
    yield Problem


def _success(status: int, body: ResponseBody, schemas: Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    content: dict[str, list[Any]] = {}
    for one in _contents(body):
        schema = {"type": "string"} if one.kind is None else schemas.of(one.kind)
        content.setdefault(one.media_type, []).append(schema)
    if content:
        described["content"] = {
            media_type: {"schema": found[0] if len(found) == 1 else {"anyOf": found}}
            for media_type, found in content.items()
        }
    if status in _HEADERS:
        described["headers"] = _HEADERS[status]
    return described


def _contents(body: ResponseBody) -> Iterable[Content]:
    if body is None:
        return ()
    several = body if isinstance(body, tuple) else (body,)
    return [one if isinstance(one, Content) else Content(_JSON, one) for one in several]


def _error(status: int, errors: Iterable[ErrorCode], schemas: Schemas) -> dict[str, Any]:
    found = sorted(errors, key=lambda error: error.code)
    codes = {"properties": {"code": {"enum": [error.code for error in found]}}}
    examples = {
        error.code: {"summary": error.meaning, "value": _example(error.code)} for error in found
    }
    described: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {
            _JSON: {"schema": {"allOf": [schemas.of(Problem)], **codes}, "examples": examples}
        },
    }
    if status in _HEADERS:
        described["headers"] = _HEADERS[status]
    return described


def _example(code: str) -> dict[str, str]:
    example = {"msg": code.replace("_", " ").capitalize(), "code": code}
    return {**example, "field": "email"} if code == "invalid_field" else example
