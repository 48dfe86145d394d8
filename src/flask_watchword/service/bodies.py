"""Read a JSON body into a struct, or say what is wrong with it."""

from typing import TypeVar

import msgspec
from flask import abort, request

from flask_watchword.service.answers import refusal
from flask_watchword.service.components import components

Body = TypeVar("Body", bound=msgspec.Struct)


def read_body(kind: type[Body]) -> Body:
    """Return the request's JSON object as a struct.

    Ends the request with 400 when there is no JSON object, and with 400 and the name of the
    field when one is missing, unknown, of another type or too long.
    """
    members = _json()
    if not isinstance(members, dict):
        abort(refusal(400, "Missing JSON in request", "missing_json"))
    try:
        return msgspec.convert(members, kind)
    except msgspec.ValidationError as error:
        abort(refusal(400, str(error), "invalid_field"))


def _json() -> object:
    if not request.is_json:
        return None
    try:
        return msgspec.json.decode(_data())
    # Bytes that are not UTF-8 are a ValueError like malformed text; depth has an error of its own.
    except (ValueError, RecursionError):
        return None


def _data() -> bytes:
    # Counted here and not by MAX_CONTENT_LENGTH, which is the application's own to set.
    limit = components().settings.max_request_bytes
    if (request.content_length or 0) > limit:
        abort(413)
    # A body in chunks does not say how long it is.
    data = request.stream.read(limit + 1)
    if len(data) > limit:
        abort(413)
    return data
