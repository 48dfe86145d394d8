"""GET /docs: the API documentation, with a form to try each endpoint.

The page loads nothing from other hosts, and has no inline script or style, so that it works with
the strictest Content-Security-Policy.
"""

from flask import Response

from flask_watchword.accounts.errors import Rejected
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import Content, endpoint
from flask_watchword.service.error_codes import NOT_FOUND
from flask_watchword.service.features.api_docs.page.parts import CSS, JAVASCRIPT, page, parts
from flask_watchword.service.features.api_docs.page.pictures import ENDINGS
from flask_watchword.service.responses import public_response, with_page_policy

_HTML = "text/html"


@endpoint(
    "GET",
    "/docs",
    summary="Show the API documentation",
    access=PUBLIC,
    responses={200: Content(_HTML), 304: None},
    needs_stores=False,
)
def docs(_context: ServiceContext) -> Response:
    """Respond with a page that shows ``/openapi.json``."""
    return with_page_policy(public_response(page(), _HTML))


@endpoint(
    "GET",
    "/docs/<part>",
    summary="Return a file of the page at /docs",
    access=PUBLIC,
    responses={200: tuple(map(Content, (CSS, JAVASCRIPT, *ENDINGS))), 304: None},
    errors=(NOT_FOUND,),
    needs_stores=False,
)
def docs_part(_context: ServiceContext, part: str) -> Response:
    """Respond with a script, a style sheet or an image."""
    found = parts().get(part)
    if found is None:
        raise Rejected(NOT_FOUND, "There is nothing at this path")
    return with_page_policy(public_response(found.content, found.media_type))
