"""Hostile texts that reach no SQL statement: in a header, a token, a cookie or an unknown path."""

from urllib.parse import quote

import pytest

from flask_watchword.service.cookies import ACCESS_COOKIE, REFRESH_COOKIE
from flask_watchword.service.endpoint import Endpoint
from tests.service.bad_input.asking import (
    SERVED,
    assert_well_formed,
    name_of,
    send,
    token_for,
    valid_body,
    written,
)
from tests.service.bad_input.headers import HEADERS, environ
from tests.service.bad_input.odd_values import HOSTILE
from tests.service.under_test import ServiceUnderTest

ADMITTED_TO = [one for one in SERVED if one.access.tokens]


@pytest.mark.parametrize("one", [one for one in SERVED if one.query is None], ids=name_of)
def test_hostile_text_in_an_ignored_query(over_sqlite: ServiceUnderTest, one: Endpoint) -> None:
    body = written(valid_body(one)) if one.body else None
    for text in HOSTILE:
        send(over_sqlite, one, body, query_string={text: text})


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT", "PATCH"])
def test_hostile_text_as_a_path(over_sqlite: ServiceUnderTest, method: str) -> None:
    for text in HOSTILE:
        answer = over_sqlite.client.open(f"/x{quote(text, safe='')}", method=method)
        assert_well_formed(answer)
        assert answer.status_code in (404, 405)


@pytest.mark.parametrize("header", [*HEADERS, "Host", "Content-Language", "Transfer-Encoding"])
def test_hostile_text_in_one_header(over_sqlite: ServiceUnderTest, header: str) -> None:
    for one in SERVED:
        if one.name in ("login", "me", "list_sessions", "jwks"):
            body = written(valid_body(one)) if one.body else None
            for text in HOSTILE:
                send(over_sqlite, one, body, environ_overrides=environ(text, header))


@pytest.mark.parametrize("one", ADMITTED_TO, ids=name_of)
def test_hostile_text_as_a_token(over_sqlite: ServiceUnderTest, one: Endpoint) -> None:
    body = written(valid_body(one)) if one.body else None
    good = token_for(over_sqlite, one)
    odd = ["Bearer", "Bearer ", f"Bearer {good} {good}", f"Bearer {good}.", "a" * 20_000]
    for text in filter(str.strip, HOSTILE):  # white space after a token is not part of it
        odd += [text, f"Bearer {text}", f"Bearer {good}{text}", f"Basic {text}"]
    for value in odd:
        sent = environ(value, "Authorization")
        answer = send(over_sqlite, one, body, token=None, environ_overrides=sent)
        assert answer.status_code == 401, value


@pytest.mark.parametrize("one", ADMITTED_TO, ids=name_of)
def test_hostile_text_as_a_cookie(over_sqlite: ServiceUnderTest, one: Endpoint) -> None:
    body = written(valid_body(one)) if one.body else None
    for text in HOSTILE:
        for value in (text, f"{ACCESS_COOKIE}={text}", f"{REFRESH_COOKIE}={text}; {text}={text}"):
            overrides = environ(value, "Cookie") | environ(text, "X-Csrf-Token")
            answer = send(over_sqlite, one, body, token=None, environ_overrides=overrides)
            assert answer.status_code in (401, 403), value
