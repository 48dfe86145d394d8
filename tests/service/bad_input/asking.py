"""Ask any endpoint anything, and hold that the answer is one of ours."""

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
from tests.service.site import GOOD, Site

SERVED = endpoints_of(active_features(Settings()))
WITH_BODY = [one for one in SERVED if one.body is not None]
DOCUMENT = msgspec.json.decode(api_document(SERVED, "Watchword", ""))

Schema = Mapping[str, Any]

#: What shows in an answer that a trace, a page or a database has got into.
_LEAKS = (b"Traceback", b"<html", b"<!doctype", b'File "', b"sqlalchemy", b"psycopg", b"sqlite3")
_number = itertools.count()

#: With these a request is refused for its form: whoever sent it may send another.
_CHANGED_NOTHING = {400, 404, 405, 413, 415, 422}
#: Of each service, by the name of an endpoint: a token with which nothing has been changed yet.
_unused: WeakKeyDictionary[Site, dict[str, str]] = WeakKeyDictionary()


def schema_of(one: Endpoint) -> Schema:
    """Return the schema of the body, as it is described."""
    assert one.body is not None
    found: Schema = DOCUMENT["components"]["schemas"][one.body.__name__]
    return found


#: Every field of every body.
FIELDS = [(one, name) for one in WITH_BODY for name in schema_of(one)["properties"]]


def parameters_of(one: Endpoint) -> list[str]:
    """Return the names of what may stand in the query, as it is described."""
    if one.query is None:
        return []
    return list(DOCUMENT["components"]["schemas"][one.query.__name__]["properties"])


def name_of(value: object) -> str | None:
    return value.name if isinstance(value, Endpoint) else None


def right_body(one: Endpoint) -> dict[str, bytes]:
    """Return a member for each field that is needed, of the right type, as it is written."""
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


def token_for(ours: Site, one: Endpoint) -> str | None:
    """Return a token that the endpoint takes, of a user whom no other request has."""
    if not one.access.tokens:
        return None
    # Admitted everywhere, so that what is refused is refused for what was sent.
    user = replace(
        new_user(f"user{next(_number)}@example.com", ours.parts.passwords.hash(GOOD), 0.0),
        roles=frozenset({"admin"}),
    )
    ours.parts.stores.users.add(user)
    with ours.app.app_context():
        pair = ours.parts.sessions.start(
            AuthenticationContext(user, (PASSWORD_METHOD,)), fresh=True
        )
    return pair.refresh_token if one.access.tokens == ("refresh",) else pair.access_token


def path_with(text: str, one: Endpoint) -> str:
    """Return a path, with a text in the place of whatever varies in it."""
    return re.sub(r"<[^>]+>", lambda _: quote(text, safe=""), one.path)


def asked(ours: Site, one: Endpoint, body: bytes | None = None, **how: Any) -> TestResponse:
    """Return the answer of an endpoint to somebody who may ask, which is one of ours."""
    tokens = _unused.setdefault(ours, {})
    token = (
        how.pop("token") if "token" in how else tokens.pop(one.name, None) or token_for(ours, one)
    )
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    if body is not None:
        how.setdefault("content_type", "application/json")
    path = how.pop("path", path_with("1", one))
    answer = ours.client.open(path, method=one.method, data=body, headers=headers, **how)
    hold_to_be_ours(answer)
    has_read = one.method == "GET" and answer.status_code == 200
    if token is not None and (has_read or answer.status_code in _CHANGED_NOTHING):
        tokens[one.name] = token
    return answer


def hold_to_be_ours(answer: TestResponse) -> None:
    """Fail where an answer is a fault, a trace or a page, or looks unlike all others."""
    shown = f"{answer.request.path} answered {answer.status_code}: {answer.data[:300]!r}"
    assert answer.status_code < 500, shown
    if answer.status_code >= 400:
        assert answer.mimetype == "application/json", shown
        told = answer.get_json()
        assert {"msg", "code"} <= told.keys() <= OF_A_PROBLEM, shown
        assert not any(leak in answer.data for leak in _LEAKS), shown


def refused_field(answer: TestResponse) -> tuple[int, str, str]:
    told = answer.get_json()
    return answer.status_code, told["code"], told.get("field")
