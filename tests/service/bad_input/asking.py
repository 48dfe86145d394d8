"""Send requests to any endpoint, and check that each response has the form of the service."""

import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

import msgspec
from werkzeug.test import TestResponse

from flask_watchword.accounts.users import new_user
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.features.table import active_features, endpoints_of
from flask_watchword.service.openapi.document import api_document
from flask_watchword.service.tokens import PASSWORD_METHOD, AuthenticationContext
from tests.service.declared import OF_A_PROBLEM
from tests.service.under_test import GOOD, ServiceUnderTest

SERVED = endpoints_of(active_features(Settings()))
WITH_BODY = [one for one in SERVED if one.body is not None]
DOCUMENT = msgspec.json.decode(api_document(SERVED, "Watchword", ""))

Schema = Mapping[str, Any]

#: Text that shows that a trace, an HTML page or a database error leaked into a response.
_LEAKS = (b"Traceback", b"<html", b"<!doctype", b'File "', b"sqlalchemy", b"psycopg", b"sqlite3")
_number = itertools.count()

#: Status codes of requests rejected for their form; the client may correct and resend them.
_CHANGED_NOTHING = {400, 404, 405, 413, 415, 422}
#: For each service and endpoint name: a token that has not changed anything yet.
_unused: WeakKeyDictionary[ServiceUnderTest, dict[str, str]] = WeakKeyDictionary()


def schema_of(one: Endpoint) -> Schema:
    """Return the schema of the body from the API description."""
    assert one.body is not None
    found: Schema = DOCUMENT["components"]["schemas"][one.body.__name__]
    return found


#: Every field of every body.
FIELDS = [(one, name) for one in WITH_BODY for name in schema_of(one)["properties"]]


def parameters_of(one: Endpoint) -> list[str]:
    """Return the names of the query parameters from the API description."""
    if one.query is None:
        return []
    return list(DOCUMENT["components"]["schemas"][one.query.__name__]["properties"])


def name_of(value: object) -> str | None:
    return value.name if isinstance(value, Endpoint) else None


def valid_body(one: Endpoint) -> dict[str, bytes]:
    """Return a JSON-encoded value of the right type for each required field."""
    schema = schema_of(one)
    return {name: _sample(schema["properties"][name]) for name in schema.get("required", ())}


def _sample(schema: Schema) -> bytes:
    samples = {
        "string": b'"text"',
        "integer": b"1",
        "number": b"1",
        "boolean": b"true",
        "array": b"[]",
        "object": b"{}",
    }
    if "enum" in schema:
        return json.dumps(schema["enum"][0]).encode()
    return samples[schema["type"]]


def written(members: Mapping[str, bytes]) -> bytes:
    return b"{" + b",".join(json.dumps(n).encode() + b":" + v for n, v in members.items()) + b"}"


def token_for(service: ServiceUnderTest, one: Endpoint) -> str | None:
    """Return a token that the endpoint accepts, of a user that no other request uses."""
    if not one.access.tokens:
        return None
    # A user with every permission, so that a rejection can only come from the input.
    user = replace(
        new_user(f"user{next(_number)}@example.com", service.parts.passwords.hash(GOOD), 0.0),
        roles=frozenset({"admin"}),
    )
    service.parts.stores.users.add(user)
    with service.app.app_context():
        pair = service.parts.sessions.start(
            AuthenticationContext(user, (PASSWORD_METHOD,)), fresh=True
        )
    return pair.refresh_token if one.access.tokens == ("refresh",) else pair.access_token


def path_with(text: str, one: Endpoint) -> str:
    """Return a path with a text in place of each path parameter."""
    return re.sub(r"<[^>]+>", lambda _: quote(text, safe=""), one.path)


def send(
    service: ServiceUnderTest, one: Endpoint, body: bytes | None = None, **how: Any
) -> TestResponse:
    """Return the response of an endpoint to an authorised client, after checking its form."""
    tokens = _unused.setdefault(service, {})
    token = (
        how.pop("token")
        if "token" in how
        else tokens.pop(one.name, None) or token_for(service, one)
    )
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    if body is not None:
        how.setdefault("content_type", "application/json")
    path = how.pop("path", path_with("1", one))
    answer = service.client.open(path, method=one.method, data=body, headers=headers, **how)
    assert_well_formed(answer)
    has_read = one.method == "GET" and answer.status_code == 200
    if token is not None and (has_read or answer.status_code in _CHANGED_NOTHING):
        tokens[one.name] = token
    return answer


def assert_well_formed(answer: TestResponse) -> None:
    """Fail if a response is a server error, a trace or an HTML page, or has an unusual form."""
    shown = f"{answer.request.path} answered {answer.status_code}: {answer.data[:300]!r}"
    assert answer.status_code < 500, shown
    if answer.status_code >= 400:
        assert answer.mimetype == "application/json", shown
        problem = answer.get_json()
        assert {"msg", "code"} <= problem.keys() <= OF_A_PROBLEM, shown
        assert not any(leak in answer.data for leak in _LEAKS), shown


def rejected_field(answer: TestResponse) -> tuple[int, str, str]:
    problem = answer.get_json()
    return answer.status_code, problem["code"], problem.get("field")
