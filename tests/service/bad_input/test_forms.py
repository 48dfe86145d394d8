"""An invalid OAuth form is rejected with 400 (RFC 6749 section 5.2)."""

import base64
import gzip
from urllib.parse import quote_plus, urlencode

import pytest
from werkzeug.test import TestResponse

from flask_watchword.service.endpoint import Endpoint
from tests.service.bad_input.asking import DOCUMENT, SERVED, Schema, name_of, send
from tests.service.bad_input.headers import environ
from tests.service.bad_input.odd_values import ASSIGNED, HOSTILE
from tests.service.under_test import ServiceUnderTest

FORM = "application/x-www-form-urlencoded"
WITH_FORM = [one for one in SERVED if one.form is not None]


def schema_of(one: Endpoint) -> Schema:
    assert one.form is not None
    found: Schema = DOCUMENT["components"]["schemas"][one.form.__name__]
    return found


FIELDS = [(one, name) for one in WITH_FORM for name in schema_of(one)["properties"]]


def valid_form(one: Endpoint) -> dict[str, str]:
    """Return the required parameters of the first grant type."""
    schema = schema_of(one)
    return {name: _sample(schema["properties"][name]) for name in schema["required"]}


def _sample(schema: Schema) -> str:
    return str(schema["enum"][0]) if "enum" in schema else "text"


def sent(service: ServiceUnderTest, one: Endpoint, form: bytes) -> TestResponse:
    return send(service, one, form, content_type=FORM)


def is_rejected(answer: TestResponse, code: str = "invalid_request") -> bool:
    problem = answer.get_json()
    return (answer.status_code, problem["code"], problem["error"]) == (400, code, code)


@pytest.mark.parametrize(("one", "name"), FIELDS, ids=name_of)
def test_hostile_texts_in_a_parameter_are_rejected(
    everywhere: ServiceUnderTest, one: Endpoint, name: str
) -> None:
    for text in HOSTILE:
        answer = sent(everywhere, one, urlencode({**valid_form(one), name: text}).encode())
        assert answer.status_code in (400, 401)


@pytest.mark.parametrize(("one", "name"), FIELDS, ids=name_of)
def test_repeated_parameter_is_rejected(
    over_sqlite: ServiceUnderTest, one: Endpoint, name: str
) -> None:
    form = valid_form(one)
    value = quote_plus(form.get(name, "text"))
    twice = urlencode(form) + f"&{name}={value}" * (1 if name in form else 2)
    assert is_rejected(sent(over_sqlite, one, twice.encode()))


@pytest.mark.parametrize(("one", "name"), FIELDS, ids=name_of)
def test_parameter_that_is_too_long_is_rejected(
    over_sqlite: ServiceUnderTest, one: Endpoint, name: str
) -> None:
    answer = sent(over_sqlite, one, urlencode({**valid_form(one), name: "x" * 60_000}).encode())
    assert answer.status_code == 400
    assert len(answer.data) < 1_000


@pytest.mark.parametrize("one", WITH_FORM, ids=name_of)
def test_missing_required_parameter_is_rejected(
    over_sqlite: ServiceUnderTest, one: Endpoint
) -> None:
    for name in valid_form(one):
        form = valid_form(one)
        del form[name]
        assert is_rejected(sent(over_sqlite, one, urlencode(form).encode()))
        # RFC 6749 section 3.2: a parameter without a value counts as omitted.
        assert is_rejected(sent(over_sqlite, one, urlencode({**form, name: ""}).encode()))


@pytest.mark.parametrize("one", WITH_FORM, ids=name_of)
def test_unknown_parameters_are_ignored(over_sqlite: ServiceUnderTest, one: Endpoint) -> None:
    known = schema_of(one)["properties"]
    plain = sent(over_sqlite, one, urlencode(valid_form(one)).encode())
    for name in set(ASSIGNED) - set(known):
        answer = sent(over_sqlite, one, urlencode({**valid_form(one), name: "admin"}).encode())
        assert (answer.status_code, answer.data) == (plain.status_code, plain.data), name


@pytest.mark.parametrize(
    "form",
    [b"", b"&", b"=", b"%", b"%ff=%ff", b"\xff\xfe", b"{}", b"a" * 60_000, b"a=1&" * 15_000],
    ids=lambda form: repr(form[:10]),
)
@pytest.mark.parametrize("one", WITH_FORM, ids=name_of)
def test_body_that_is_not_a_form_is_rejected(
    over_sqlite: ServiceUnderTest, one: Endpoint, form: bytes
) -> None:
    assert is_rejected(sent(over_sqlite, one, form))


@pytest.mark.parametrize("one", WITH_FORM, ids=name_of)
def test_form_of_a_megabyte_is_rejected_unread(
    over_sqlite: ServiceUnderTest, one: Endpoint
) -> None:
    form = urlencode(valid_form(one)).encode() + b"&a=" + b"x" * 1_048_576
    assert sent(over_sqlite, one, form).status_code == 413


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "text/plain", "multipart/form-data; boundary=x", "*/*", "\xff"],
)
@pytest.mark.parametrize("one", WITH_FORM, ids=name_of)
def test_body_of_another_content_type_is_rejected(
    over_sqlite: ServiceUnderTest, one: Endpoint, content_type: str
) -> None:
    form = urlencode(valid_form(one)).encode()
    overrides = {"CONTENT_TYPE": content_type}
    answer = send(over_sqlite, one, form, content_type=None, environ_overrides=overrides)
    assert answer.status_code == 415


@pytest.mark.parametrize("one", WITH_FORM, ids=name_of)
def test_compressed_form_is_not_decompressed(over_sqlite: ServiceUnderTest, one: Endpoint) -> None:
    packed = gzip.compress(urlencode(valid_form(one)).encode())
    overrides = environ("gzip", "Content-Encoding")
    answer = send(over_sqlite, one, packed, content_type=FORM, environ_overrides=overrides)
    assert answer.status_code == 415


@pytest.mark.parametrize("one", WITH_FORM, ids=name_of)
def test_hostile_client_credentials_are_rejected(
    everywhere: ServiceUnderTest, one: Endpoint
) -> None:
    form = urlencode(valid_form(one)).encode()
    for text in HOSTILE:
        for value in (f"Basic {text}", f"Basic {_basic(text)}", f"basic {_basic(text)}", text):
            answer = send(
                everywhere,
                one,
                form,
                content_type=FORM,
                environ_overrides=environ(value, "Authorization"),
            )
            assert answer.status_code in (400, 401), value


def _basic(text: str) -> str:
    return base64.b64encode(f"{text}:{text}".encode()).decode()
