"""GET /openapi.json: the OpenAPI document."""

from typing import Any

import msgspec
from flask import Response

from flask_watchword.service.access import PUBLIC
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import Content, endpoint
from flask_watchword.service.middleware.path_prefix import path_prefix
from flask_watchword.service.openapi.document import served_below
from flask_watchword.service.responses import public_response

_MEDIA_TYPE = "application/json"


class Description(msgspec.Struct):
    """The description of this API (OpenAPI 3.1.0 section 4.8.1)."""

    openapi: str
    info: dict[str, Any]
    servers: list[dict[str, Any]]
    paths: dict[str, Any]
    components: dict[str, Any]


@endpoint(
    "GET",
    "/openapi.json",
    summary="Return the OpenAPI document",
    access=PUBLIC,
    responses={200: Content(_MEDIA_TYPE, Description), 304: None},
    needs_stores=False,
)
def openapi_json(context: ServiceContext) -> Response:
    """Respond with the document, or 304 if the client has it already."""
    return public_response(served_below(context.description, path_prefix(context)), _MEDIA_TYPE)
