"""Check a response against what its endpoint declares."""

from typing import Any, cast

import msgspec
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import Content, Endpoint, ResponseBody
from flask_watchword.service.features.table import FEATURES, endpoints_of
from flask_watchword.service.responses import Problem

#: An invalid ``Host`` is rejected before routing.
OF_HTTP = "bad_request"

OF_A_PROBLEM = {"msg", "code", "field", "pending_token", "error", "error_description"}
#: For endpoints that are routed but never called.
NO_CONTEXT = cast(ServiceContext, None)

ENDPOINTS = {f"watchword.{one.name}": one for one in endpoints_of(FEATURES)}


def check_response(app: Flask, answer: TestResponse) -> None:
    """Fail if an endpoint of the service sent a response that it does not declare."""
    one = _endpoint_of(app, answer)
    if one is None or answer.request.method in ("HEAD", "OPTIONS"):
        return
    if answer.status_code == 500:
        return  # a server error is never declared; the few tests that cause one check it themselves
    description = f"{one.method} {one.path} answered {answer.status_code}: {answer.data[:200]!r}"
    if answer.status_code in one.responses:
        _check_content(one.responses[answer.status_code], answer, description)
        return
    assert answer.mimetype == "application/json", description
    problem = msgspec.json.decode(answer.data, type=Problem)
    if problem.code == OF_HTTP:
        return
    codes = codes_by_status(one).get(answer.status_code, ())
    assert problem.code in codes, description
    assert set(answer.get_json()) <= OF_A_PROBLEM, description
    if answer.status_code == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer "), description
    if answer.status_code in (429, 503):
        assert int(answer.headers["Retry-After"]) > 0, description


def codes_by_status(one: Endpoint) -> dict[int, tuple[str, ...]]:
    """Return the error codes of an endpoint by status."""
    found = one.errors_by_status().items()
    return {status: tuple(error.code for error in errors) for status, errors in found}


def _endpoint_of(app: Flask, answer: TestResponse) -> Endpoint | None:
    path = answer.request.path
    try:
        name, _ = app.url_map.bind("localhost").match(path, method=answer.request.method)
    except HTTPException:
        return None
    return ENDPOINTS.get(name)


def _check_content(shown: ResponseBody, answer: TestResponse, description: str) -> None:
    if shown is None:
        assert answer.data == b"", description
        return
    several = shown if isinstance(shown, tuple) else (shown,)
    contents = [s if isinstance(s, Content) else Content("application/json", s) for s in several]
    kinds = [one.kind for one in contents if one.media_type == answer.mimetype]
    assert kinds, description
    assert any(kind is None or _matches(answer, kind) for kind in kinds), description


def _matches(answer: TestResponse, kind: Any) -> bool:
    try:
        read = msgspec.json.decode(answer.data, type=kind)
    except msgspec.ValidationError:
        return False
    return bool(msgspec.to_builtins(read).keys() == answer.get_json().keys())
