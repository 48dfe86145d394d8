"""Read JSON bodies, forms and query strings into structs."""

from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar
from urllib.parse import parse_qsl

import msgspec
from flask import request

from flask_watchword.accounts.errors import INVALID_FIELD, Rejected
from flask_watchword.jose.encoding import parse_object
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.error_codes import (
    BODY_TOO_LARGE,
    INVALID_JSON,
    INVALID_REQUEST,
    UNSUPPORTED_GRANT_TYPE,
    UNSUPPORTED_MEDIA_TYPE,
)
from flask_watchword.service.responses import OAuthRejected

_FORM = "application/x-www-form-urlencoded"
#: Maximum number of parameters of a form, known or not.
_MAX_PARAMETERS = 100

Kind = TypeVar("Kind", bound=msgspec.Struct)

#: Characters of an unknown field name that a message repeats.
_NAME_CHARACTERS = 64
#: Characters of the reason why a value is invalid.
_REASON_CHARACTERS = 128


def read_body(context: ServiceContext, kind: type[Kind]) -> Kind:
    """Return the JSON object in the body of the request as a struct.

    Raises:
        Rejected: with 415 if the media type is not JSON, 413 if the body is too long, 400 if it is
            not a JSON object, and 422 with the name of the field if one is missing, unknown, of
            another type or too long.
    """
    if request.mimetype != "application/json" or "Content-Encoding" in request.headers:
        raise Rejected(UNSUPPORTED_MEDIA_TYPE, "The body has to be application/json")
    try:
        # Two members with the same name are rejected: a proxy in front might read the other one.
        members = parse_object(_data(context))
    except ValueError as error:
        raise Rejected(INVALID_JSON, "The body has to be a JSON object") from error
    return _converted(members, kind, strict=True)


def read_form(context: ServiceContext, kind: type[Kind]) -> Kind:
    """Return the form in the body of a request to an OAuth endpoint as a struct.

    Unknown parameters are ignored, and empty ones count as absent (RFC 6749 section 3.2).

    Raises:
        Rejected: with 415 if the media type is not that of a form, 413 if the body is too long, and
            400 ``invalid_request`` if a parameter is missing, repeated or invalid (section 5.2).
    """
    if request.mimetype != _FORM or "Content-Encoding" in request.headers:
        raise Rejected(UNSUPPORTED_MEDIA_TYPE, f"The body has to be {_FORM}")
    try:
        text = _data(context).decode("utf-8")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
    except ValueError as error:
        raise OAuthRejected(INVALID_REQUEST, "The body is not a form") from error
    known = {one.encode_name for one in msgspec.structs.fields(kind)}
    given = [(name, value) for name, value in pairs if name in known and value]
    parameters = dict(given)
    if len(parameters) < len(given):
        raise OAuthRejected(INVALID_REQUEST, "A parameter is given more than once")
    try:
        return msgspec.convert(parameters, kind, strict=False)
    except msgspec.ValidationError as error:
        field, msg = _invalid_field(parameters, kind, False, error)
        if field == "grant_type" and field in parameters:
            raise OAuthRejected(
                UNSUPPORTED_GRANT_TYPE, "This grant type is not supported"
            ) from error
        raise OAuthRejected(INVALID_REQUEST, msg) from error


def read_query(kind: type[Kind]) -> Kind:
    """Return the query string of the request as a struct.

    Raises:
        Rejected: with 422 and the name of the parameter if one is missing, unknown, repeated, of
            another type or too long.
    """
    parameters = request.args.to_dict(flat=False)
    for name, values in parameters.items():
        if len(values) > 1:
            _reject_field(name, f"`{name[:_NAME_CHARACTERS]}` is given more than once")
    flat = {name: values[0] for name, values in parameters.items()}
    return _converted(flat, kind, strict=False)


def _data(context: ServiceContext) -> bytes:
    # Not with MAX_CONTENT_LENGTH, which belongs to the application.
    limit = context.settings.max_request_bytes
    if (request.content_length or 0) > limit:
        raise Rejected(BODY_TOO_LARGE, "The request is too large")
    # A chunked body has no Content-Length.
    data = request.stream.read(limit + 1)
    if len(data) > limit:
        raise Rejected(BODY_TOO_LARGE, "The request is too large")
    return data


def _converted(members: Mapping[str, Any], kind: type[Kind], *, strict: bool) -> Kind:
    try:
        return msgspec.convert(members, kind, strict=strict)
    except msgspec.ValidationError as error:
        _reject_field(*_invalid_field(members, kind, strict, error))


def _invalid_field(
    members: Mapping[str, Any],
    kind: type[msgspec.Struct],
    strict: bool,
    error: msgspec.ValidationError,
) -> tuple[str | None, str]:
    """Return the field that is invalid, and a message.

    The error itself has only a text, which may repeat what the client sent.
    """
    fields = {one.encode_name: one for one in msgspec.structs.fields(kind)}
    for name in members:
        if name not in fields:
            return name, f"There is no field `{name[:_NAME_CHARACTERS]}`"
    for name, one in fields.items():
        if name not in members:
            if one.required:
                return name, f"The field `{name}` is missing"
            continue
        try:
            msgspec.convert(members[name], one.type, strict=strict)
        except msgspec.ValidationError as wrong:
            return name, f"The field `{name}` is invalid: {_cut(wrong)}"
    return None, _cut(error)


def _cut(error: msgspec.ValidationError) -> str:
    # It may repeat everything that the client sent.
    return str(error)[:_REASON_CHARACTERS]


def _reject_field(field: str | None, msg: str) -> NoReturn:
    raise Rejected(INVALID_FIELD, msg, field=field and field[:_NAME_CHARACTERS])
