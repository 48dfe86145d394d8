"""An invalid body is rejected before any other check, on every endpoint that reads one."""

import gzip

import pytest

from flask_watchword.service.endpoint import Endpoint
from tests.service.bad_input.asking import SERVED, WITH_BODY, name_of, send, valid_body, written
from tests.service.under_test import ServiceUnderTest

MEGABYTE = b"x" * 1_048_576

LONG = {
    "a long field": b'{"email": "' + MEGABYTE + b'"}',
    "many fields": b"{" + b",".join(b'"a%d":1' % n for n in range(120_000)) + b"}",
    "blanks": b" " * 1_048_576 + b"{}",
    "a deep list": b"[" * 1_048_576,
    "no JSON": MEGABYTE,
    "NUL": b"\0" * 1_048_576,
}
CUT = {
    "nothing": b"",
    "a brace": b"{",
    "half a name": b'{"ema',
    "no value": b'{"email":',
    "half a value": b'{"email": "a',
    "half a list": b'{"email": [1,',
    "a comma at the end": b'{"email": "a",}',
    "two objects": b"{}{}",
    "an object and more": b"{} true",
    "a list": b"[]",
    "a text": b'"text"',
    "a number": b"5",
    "null": b"null",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"email": "a"}'.encode("utf-16"),
    "UTF-32": '{"email": "a"}'.encode("utf-32"),
    "no UTF-8": b'{"email": "\xff\xfe"}',
    "no UTF-8 in a name": b'{"\xc3\x28": 1}',
    "a comment": b'{/* */"email": "a"}',
    "a form": b"email=a&password=b",
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "pickle": b"\x80\x04\x95\x00\x00\x00\x00.",
    "YAML": b"!!python/object/apply:os.system ['id']",
}
OTHER_TYPES = [
    None,
    "",
    "text/plain",
    "text/html",
    "text/json",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json-patch+json",
    "application/problem+json",
    "application/jsonp",
    "application",
    "*/*",
    "application/json\0",
    "json",
    "\xff\xff",
]


@pytest.mark.parametrize("one", WITH_BODY, ids=name_of)
def test_body_of_a_megabyte_is_rejected_unread(
    over_sqlite: ServiceUnderTest, one: Endpoint
) -> None:
    for kind, body in LONG.items():
        answer = send(over_sqlite, one, body)
        assert (answer.status_code, answer.get_json()["code"]) == (
            413,
            "request_entity_too_large",
        ), kind


@pytest.mark.parametrize("one", WITH_BODY, ids=name_of)
def test_body_that_is_not_a_json_object_is_rejected(
    over_sqlite: ServiceUnderTest, one: Endpoint
) -> None:
    for kind, body in CUT.items():
        answer = send(over_sqlite, one, body)
        assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_json"), kind


@pytest.mark.parametrize("one", WITH_BODY, ids=name_of)
def test_body_of_another_content_type_is_rejected(
    over_sqlite: ServiceUnderTest, one: Endpoint
) -> None:
    body = written(valid_body(one))
    for content_type in OTHER_TYPES:
        environ = {} if content_type is None else {"CONTENT_TYPE": content_type}
        answer = send(over_sqlite, one, body, content_type=None, environ_overrides=environ)
        assert (answer.status_code, answer.get_json()["code"]) == (
            415,
            "unsupported_media_type",
        ), content_type


@pytest.mark.parametrize("one", WITH_BODY, ids=name_of)
def test_missing_body_is_rejected(over_sqlite: ServiceUnderTest, one: Endpoint) -> None:
    assert send(over_sqlite, one).status_code == 415


@pytest.mark.parametrize("one", WITH_BODY, ids=name_of)
def test_compressed_body_is_not_decompressed(over_sqlite: ServiceUnderTest, one: Endpoint) -> None:
    packed = gzip.compress(written(valid_body(one)))
    environ = {"HTTP_CONTENT_ENCODING": "gzip"}
    assert send(over_sqlite, one, packed, environ_overrides=environ).status_code == 415


@pytest.mark.parametrize("length", ["-1", "0", "1", "abc", "1e3", "9" * 30, "", "1, 2"])
@pytest.mark.parametrize("one", SERVED, ids=name_of)
def test_wrong_content_length_causes_no_server_error(
    over_sqlite: ServiceUnderTest, one: Endpoint, length: str
) -> None:
    body = written(valid_body(one)) if one.body else b"{}"
    send(over_sqlite, one, body, environ_overrides={"CONTENT_LENGTH": length})


@pytest.mark.parametrize("one", [one for one in SERVED if one not in WITH_BODY], ids=name_of)
def test_body_of_an_endpoint_that_reads_none_is_ignored(
    over_sqlite: ServiceUnderTest, one: Endpoint
) -> None:
    plain = send(over_sqlite, one)
    for body in (*LONG.values(), b'{"is_admin": true}'):
        assert send(over_sqlite, one, body).status_code == plain.status_code
