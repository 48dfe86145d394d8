"""An invalid field is rejected by name."""

from typing import Any

import msgspec
import pytest
from openapi_schema_validator import OAS31Validator
from werkzeug.datastructures import MultiDict

from flask_watchword.service.endpoint import Endpoint
from tests.service.bad_input.asking import (
    DOCUMENT,
    FIELDS,
    SERVED,
    WITH_BODY,
    Schema,
    name_of,
    parameters_of,
    rejected_field,
    schema_of,
    send,
    valid_body,
    written,
)
from tests.service.bad_input.odd_values import ASSIGNED, KINDS, NO_JSON
from tests.service.under_test import ServiceUnderTest


def allows(one: Endpoint, name: str, value: bytes) -> bool:
    """Return whether the schema accepts a value for a field."""
    try:
        read = msgspec.json.decode(value)
    except msgspec.DecodeError:
        return False
    schema = {"components": DOCUMENT["components"], **schema_of(one)["properties"][name]}
    return bool(OAS31Validator(schema).is_valid(read))


@pytest.mark.parametrize(("one", "name"), FIELDS, ids=name_of)
def test_field_of_the_wrong_type_is_rejected_by_name(
    over_sqlite: ServiceUnderTest, one: Endpoint, name: str
) -> None:
    refused = 0
    for kind, value in KINDS.items():
        answer = send(over_sqlite, one, written({**valid_body(one), name: value}))
        if not allows(one, name, value):
            refused += 1
            assert rejected_field(answer) == (422, "invalid_field", name), kind
    assert refused >= 8


@pytest.mark.parametrize(("one", "name"), FIELDS, ids=name_of)
def test_body_with_an_invalid_json_value_is_rejected(
    over_sqlite: ServiceUnderTest, one: Endpoint, name: str
) -> None:
    for kind, value in NO_JSON.items():
        answer = send(over_sqlite, one, written({**valid_body(one), name: value}))
        assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_json"), kind


@pytest.mark.parametrize("one", WITH_BODY, ids=name_of)
def test_missing_field_is_rejected_by_name(over_sqlite: ServiceUnderTest, one: Endpoint) -> None:
    for name in valid_body(one):
        members = valid_body(one)
        del members[name]
        answer = send(over_sqlite, one, written(members))
        assert rejected_field(answer) == (422, "invalid_field", name)


@pytest.mark.parametrize("one", WITH_BODY, ids=name_of)
def test_undeclared_field_is_rejected_by_name(over_sqlite: ServiceUnderTest, one: Endpoint) -> None:
    for name in set(ASSIGNED) - set(schema_of(one)["properties"]):
        for value in (b"true", b'["admin"]'):
            answer = send(over_sqlite, one, written({**valid_body(one), name: value}))
            assert rejected_field(answer) == (422, "invalid_field", name), name


@pytest.mark.parametrize("one", WITH_BODY, ids=name_of)
def test_body_with_duplicate_members_is_rejected(
    over_sqlite: ServiceUnderTest, one: Endpoint
) -> None:
    for name, value in valid_body(one).items():
        members = written(valid_body(one))
        for again in (b'"%s"' % name.encode(), b'"\\u%04x%s"' % (ord(name[0]), name[1:].encode())):
            twice = members[:-1] + b"," + again + b":" + value + b"}"
            answer = send(over_sqlite, one, twice)
            assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_json"), twice


def bounds_missing(schema: Schema, where: str) -> list[str]:
    """Return the places in the schema where a value has no size limit."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return bounds_missing(DOCUMENT["components"]["schemas"][name], where)
    missing = [
        found for option in schema.get("anyOf", ()) for found in bounds_missing(option, where)
    ]
    needed = {"string": ["maxLength"], "integer": ["minimum", "maximum"], "array": ["maxItems"]}
    kind: Any = schema.get("type")
    if "enum" not in schema and "format" not in schema:
        missing += [f"{where} has no {one}" for one in needed.get(kind, ()) if one not in schema]
    if kind == "array":
        missing += bounds_missing(schema["items"], f"{where}[]")
    for name, inner in schema.get("properties", {}).items():
        missing += bounds_missing(inner, f"{where}.{name}")
    return missing


def test_every_value_has_a_size_limit() -> None:
    missing = [f for one in WITH_BODY for f in bounds_missing(schema_of(one), one.name)]
    for one in SERVED:
        if one.query is not None:
            schema = DOCUMENT["components"]["schemas"][one.query.__name__]
            missing += bounds_missing(schema, one.name)
    assert missing == []


def test_undeclared_or_repeated_query_parameter_is_rejected_by_name(
    over_sqlite: ServiceUnderTest,
) -> None:
    for one in SERVED:
        if one.query is None:
            continue
        declared = parameters_of(one)
        for name in (*ASSIGNED, *declared):
            query = [(name, "1"), (name, "1")] if name in declared else [(name, "1")]
            answer = send(over_sqlite, one, query_string=MultiDict(query))
            assert rejected_field(answer) == (422, "invalid_field", name)
