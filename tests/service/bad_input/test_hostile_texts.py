"""Texts that have harmed others do no harm, wherever they stand.

Over SQLite and PostgreSQL where they reach a statement.
"""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from flask_watchword.accounts.audit import verify
from flask_watchword.service.endpoint import Endpoint
from tests.service.bad_input.asking import (
    FIELDS,
    SERVED,
    asked,
    hold_to_be_ours,
    name_of,
    parameters_of,
    path_with,
    refused_field,
    right_body,
    token_for,
    written,
)
from tests.service.bad_input.odd_values import HOSTILE
from tests.service.site import Site

#: Headers that somebody reads, and some that other software would.
HEADERS = (
    "User-Agent",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-Ip",
    "Forwarded",
    "Origin",
    "Referer",
    "Sec-Fetch-Site",
    "Cookie",
    "Accept",
    "Accept-Language",
    "If-None-Match",
    "If-Modified-Since",
    "Range",
    "X-Csrf-Token",
    "X-Http-Method-Override",
    "X-Request-Id",
    "Idempotency-Key",
)
ADMITTED_TO = [one for one in SERVED if one.guard.tokens]
WITH_VARIABLES = [one for one in SERVED if "<" in one.path]


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_broken_after(everywhere: Site) -> Iterator[None]:
    yield
    assert everywhere.client.get("/readyz").status_code == 200
    assert verify(everywhere.parts.stores.accounts.stores.audit).is_whole


@pytest.mark.parametrize(("one", "name"), FIELDS, ids=name_of)
def test_in_a_field(everywhere: Site, one: Endpoint, name: str) -> None:
    for text in HOSTILE:
        body = written({**right_body(one), name: json.dumps(text).encode()})
        answer = asked(everywhere, one, body)
        assert answer.status_code != 400 or answer.get_json()["code"] != "invalid_json"


@pytest.mark.parametrize("one", WITH_VARIABLES, ids=name_of)
def test_in_a_path(everywhere: Site, one: Endpoint) -> None:
    for text in HOSTILE:
        answer = asked(everywhere, one, path=path_with(text, one))
        assert answer.status_code >= 400


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT", "PATCH"])
def test_as_a_path(over_sqlite: Site, method: str) -> None:
    for text in HOSTILE:
        answer = over_sqlite.client.open(f"/x{quote(text, safe='')}", method=method)
        hold_to_be_ours(answer)
        assert answer.status_code in (404, 405)


@pytest.mark.parametrize("one", SERVED, ids=name_of)
def test_in_a_query(everywhere: Site, one: Endpoint) -> None:
    body = written(right_body(one)) if one.body else None
    for text in HOSTILE:
        for query in ({text: "x"}, {"email": text}):
            answer = asked(everywhere, one, body, query_string=query)
            if one.query is not None:
                assert refused_field(answer)[:2] == (422, "invalid_field")
        for name in parameters_of(one):
            asked(everywhere, one, body, query_string={name: text})


@pytest.mark.parametrize("one", SERVED, ids=name_of)
def test_in_every_header_at_once(everywhere: Site, one: Endpoint) -> None:
    body = written(right_body(one)) if one.body else None
    for text in HOSTILE:
        answer = asked(everywhere, one, body, environ_overrides=environ(text, *HEADERS))
        assert all(text not in value for _, value in answer.headers)


@pytest.mark.parametrize("header", [*HEADERS, "Host", "Content-Language", "Transfer-Encoding"])
def test_in_one_header(over_sqlite: Site, header: str) -> None:
    for one in SERVED:
        if one.name in ("login", "me", "list_sessions", "jwks"):
            body = written(right_body(one)) if one.body else None
            for text in HOSTILE:
                asked(over_sqlite, one, body, environ_overrides=environ(text, header))


@pytest.mark.parametrize("one", ADMITTED_TO, ids=name_of)
def test_as_a_token(over_sqlite: Site, one: Endpoint) -> None:
    body = written(right_body(one)) if one.body else None
    good = token_for(over_sqlite, one)
    odd = ["Bearer", "Bearer ", f"Bearer {good} {good}", f"Bearer {good}.", "a" * 20_000]
    for text in filter(str.strip, HOSTILE):  # blanks behind a token are no part of it
        odd += [text, f"Bearer {text}", f"Bearer {good}{text}", f"Basic {text}"]
    for value in odd:
        sent = environ(value, "Authorization")
        answer = asked(over_sqlite, one, body, token=None, environ_overrides=sent)
        assert answer.status_code == 401, value


def environ(text: str, *headers: str) -> dict[str, str]:
    """Return headers as WSGI has them: bytes in the shape of Latin-1 (PEP 3333)."""
    value = text.encode("utf-8").decode("latin-1")
    return {"HTTP_" + name.upper().replace("-", "_"): value for name in headers}
