"""Texts that have exploited other software do no harm anywhere in a request.

The tests run over SQLite and over PostgreSQL where the text reaches a statement.
"""

import json
from collections.abc import Iterator

import pytest

from flask_watchword.accounts.audit import verify
from flask_watchword.service.endpoint import Endpoint
from tests.service.bad_input.asking import (
    FIELDS,
    SERVED,
    name_of,
    parameters_of,
    path_with,
    rejected_field,
    send,
    valid_body,
    written,
)
from tests.service.bad_input.headers import HEADERS, environ
from tests.service.bad_input.odd_values import HOSTILE
from tests.service.under_test import ServiceUnderTest

WITH_QUERY = [one for one in SERVED if one.query is not None]
WITH_VARIABLES = [one for one in SERVED if "<" in one.path]


@pytest.fixture(scope="module", autouse=True)
def _assert_nothing_broke(everywhere: ServiceUnderTest) -> Iterator[None]:
    yield
    assert everywhere.client.get("/readyz").status_code == 200
    assert verify(everywhere.parts.repositories.audit_log).is_intact


@pytest.mark.parametrize(("one", "name"), FIELDS, ids=name_of)
def test_hostile_text_in_a_field(everywhere: ServiceUnderTest, one: Endpoint, name: str) -> None:
    for text in HOSTILE:
        body = written({**valid_body(one), name: json.dumps(text).encode()})
        answer = send(everywhere, one, body)
        assert answer.status_code != 400 or answer.get_json()["code"] != "invalid_json"


@pytest.mark.parametrize("one", WITH_VARIABLES, ids=name_of)
def test_hostile_text_in_a_path(everywhere: ServiceUnderTest, one: Endpoint) -> None:
    for text in HOSTILE:
        answer = send(everywhere, one, path=path_with(text, one))
        assert answer.status_code >= 400


@pytest.mark.parametrize("one", WITH_QUERY, ids=name_of)
def test_hostile_text_in_a_query(everywhere: ServiceUnderTest, one: Endpoint) -> None:
    for text in HOSTILE:
        for name in parameters_of(one):
            send(everywhere, one, query_string={name: text})
        answer = send(everywhere, one, query_string={text: "x"})
        assert rejected_field(answer)[:2] == (422, "invalid_field")


@pytest.mark.parametrize("one", SERVED, ids=name_of)
def test_hostile_text_in_every_header(everywhere: ServiceUnderTest, one: Endpoint) -> None:
    body = written(valid_body(one)) if one.body else None
    for text in HOSTILE:
        answer = send(everywhere, one, body, environ_overrides=environ(text, *HEADERS))
        # This service trusts a proxy, so a harmless request id is taken from its header.
        response_text = [value for name, value in answer.headers if name != "X-Request-ID"]
        assert all(text not in value for value in response_text)
