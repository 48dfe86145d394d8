"""GET /docs: the description of the API, for people to read and to try out.

The page loads nothing from anywhere else, and neither script nor style stands in it, so that it
works under the strictest policy there is. Swagger UI comes from the package ``flask-swagger-ui``.
"""

from functools import cache
from importlib.resources import files

from flask import Response, abort

from flask_watchword.service.answers import published
from flask_watchword.service.endpoint import Content, endpoint
from flask_watchword.service.guards import PUBLIC

#: CSP level 3 section 6.1.3: whatever is not named falls back on ``default-src``.
_POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_OURS = ("flask_watchword.service", "docs_page")
_THEIRS = ("flask_swagger_ui", "dist")
_HTML, _CSS, _JAVASCRIPT, _PNG = "text/html", "text/css", "text/javascript", "image/png"

#: What the page consists of, by name: whose it is, and what it is. Nothing else is served.
_PARTS = {
    "page.css": (_OURS, _CSS),
    "page.js": (_OURS, _JAVASCRIPT),
    "swagger-ui.css": (_THEIRS, _CSS),
    "swagger-ui-bundle.js": (_THEIRS, _JAVASCRIPT),
    "favicon-32x32.png": (_THEIRS, _PNG),
}


@endpoint(
    "GET",
    "/docs",
    summary="Show this API to people",
    guard=PUBLIC,
    answers={200: Content(_HTML), 304: None},
    needs_stores=False,
)
def docs() -> Response:
    """Answer with a page that shows ``/openapi.json``."""
    page = published(_content(_OURS, "page.html"), _HTML)
    page.headers["Content-Security-Policy"] = _POLICY
    return page


@endpoint(
    "GET",
    "/docs/<part>",
    summary="Give what the page at /docs consists of",
    guard=PUBLIC,
    answers={200: tuple(Content(kind) for kind in (_CSS, _JAVASCRIPT, _PNG)), 304: None},
    refusals={404: ("not_found",)},
    needs_stores=False,
)
def docs_part(part: str) -> Response:
    """Answer with a script, a style or a picture."""
    if part not in _PARTS:
        abort(404)
    whose, media_type = _PARTS[part]
    return published(_content(whose, part), media_type)


@cache
def _content(whose: tuple[str, str], name: str) -> bytes:
    package, folder = whose
    return files(package).joinpath(folder, name).read_bytes()
