"""Read a JSON body into a struct, or say what is wrong with it."""

import math
from typing import TypeVar

import msgspec
from flask import abort, request

from flask_watchword.service.answers import refusal

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
    data = request.get_data()
    if request.content_length is None and len(data) >= (request.max_content_length or math.inf):
        # Sent in chunks, a body that is too long arrives cut off at the limit.
        abort(413)
    try:
        return msgspec.json.decode(data)
    # Bytes that are not UTF-8 are a ValueError like malformed text; depth has an error of its own.
    except (ValueError, RecursionError):
        return None
