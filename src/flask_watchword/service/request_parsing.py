"""Read a JSON body or a query string into a struct, or say what is wrong with it."""

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
#: Parameters of a form that are looked at, known or not.
_MOST_PARAMETERS = 100

Kind = TypeVar("Kind", bound=msgspec.Struct)

#: Characters that are shown of a name that a client made up.
_SHOWN = 64
#: And of what is wrong with a value.
_SAID = 128


def read_body(context: ServiceContext, kind: type[Kind]) -> Kind:
    """Return the request's JSON object as a struct.

    Ends the request with 415 for what does not say that it is JSON, with 413 when it is too long,
    with 400 when it is no JSON object, and with 422 and the name of the field when one is
    missing, unknown, of another type or too long.
    """
    if request.mimetype != "application/json" or "Content-Encoding" in request.headers:
        raise Rejected(UNSUPPORTED_MEDIA_TYPE, "The body has to be application/json")
    try:
        # Two members of one name would be read otherwise by whatever looks at the request first.
        members = parse_object(_data(context))
    except ValueError as error:
        raise Rejected(INVALID_JSON, "The body has to be a JSON object") from error
    return _converted(members, kind, strict=True)


def read_form(context: ServiceContext, kind: type[Kind]) -> Kind:
    """Return the request's form as a struct, as an OAuth endpoint reads it.

    Ends the request with 415 for what does not say that it is a form, with 413 when it is too
    long, and with 400 ``invalid_request`` when a parameter is missing, repeated or cannot be
    (RFC 6749 section 5.2). Parameters that are not known are disregarded, and those that are
    empty count as left out (section 3.2).
    """
    if request.mimetype != _FORM or "Content-Encoding" in request.headers:
        raise Rejected(UNSUPPORTED_MEDIA_TYPE, f"The body has to be {_FORM}")
    try:
        text = _data(context).decode("utf-8")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError as error:
        raise OAuthRejected(INVALID_REQUEST, "The body is no form") from error
    known = {one.encode_name for one in msgspec.structs.fields(kind)}
    given = [(name, value) for name, value in pairs if name in known and value]
    parameters = dict(given)
    if len(parameters) < len(given):
        raise OAuthRejected(INVALID_REQUEST, "A parameter is given more than once")
    try:
        return msgspec.convert(parameters, kind, strict=False)
    except msgspec.ValidationError as error:
        field, msg = _found(parameters, kind, False, error)
        if field == "grant_type" and field in parameters:
            raise OAuthRejected(UNSUPPORTED_GRANT_TYPE, "There is no such grant") from error
        raise OAuthRejected(INVALID_REQUEST, msg) from error


def read_query(kind: type[Kind]) -> Kind:
    """Return the request's query string as a struct.

    Ends the request with 422 and the name of the parameter when one is missing, unknown,
    repeated, of another type or too long.
    """
    parameters = request.args.to_dict(flat=False)
    for name, values in parameters.items():
        if len(values) > 1:
            _refuse_field(name, f"`{name[:_SHOWN]}` is given more than once")
    flat = {name: values[0] for name, values in parameters.items()}
    return _converted(flat, kind, strict=False)


def _data(context: ServiceContext) -> bytes:
    # Counted here and not by MAX_CONTENT_LENGTH, which is the application's own to set.
    limit = context.settings.max_request_bytes
    if (request.content_length or 0) > limit:
        raise Rejected(BODY_TOO_LARGE, "The request is too large")
    # A body in chunks does not say how long it is.
    data = request.stream.read(limit + 1)
    if len(data) > limit:
        raise Rejected(BODY_TOO_LARGE, "The request is too large")
    return data


def _converted(members: Mapping[str, Any], kind: type[Kind], *, strict: bool) -> Kind:
    try:
        return msgspec.convert(members, kind, strict=strict)
    except msgspec.ValidationError as error:
        _refuse_field(*_found(members, kind, strict, error))


def _found(
    members: Mapping[str, Any],
    kind: type[msgspec.Struct],
    strict: bool,
    error: msgspec.ValidationError,
) -> tuple[str | None, str]:
    """Return the field that is wrong and what is wrong with it.

    The error says it as text alone, in which a client's own text may stand.
    """
    fields = {one.encode_name: one for one in msgspec.structs.fields(kind)}
    for name in members:
        if name not in fields:
            return name, f"There is no field `{name[:_SHOWN]}`"
    for name, one in fields.items():
        if name not in members:
            if one.required:
                return name, f"The field `{name}` is missing"
            continue
        try:
            msgspec.convert(members[name], one.type, strict=strict)
        except msgspec.ValidationError as wrong:
            return name, f"The field `{name}` is refused: {_cut(wrong)}"
    return None, _cut(error)


def _cut(error: msgspec.ValidationError) -> str:
    # What a client sent may stand in it as a whole.
    return str(error)[:_SAID]


def _refuse_field(field: str | None, msg: str) -> NoReturn:
    raise Rejected(INVALID_FIELD, msg, field=field and field[:_SHOWN])
