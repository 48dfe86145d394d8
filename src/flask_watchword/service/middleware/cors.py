"""CORS: let pages of configured origins read the responses (Fetch standard section 3.2)."""

from collections.abc import Callable

from flask import Blueprint, Flask, Response, request

from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.cookies import CSRF_HEADER

#: Response headers that scripts of these pages may read.
_EXPOSED_HEADERS = "Retry-After, WWW-Authenticate"
#: Request headers that the endpoints read; always allowed.
_ALLOWED_HEADERS = ("Authorization", "Content-Type", CSRF_HEADER)
#: The same for every path, so that a page can read the 405 for a method that a path does not have.
_METHODS = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
#: Seconds for which a browser may cache a preflight response.
_MAX_AGE = "600"


def install_cors(app: Flask, api: Blueprint, url_prefix: str, settings: Settings) -> None:
    """Let pages of the configured origins read every response, and send cookies with requests.

    Args:
        app: the application. It responds for unknown paths below the prefix and for methods that an
            endpoint does not have; pages can read these responses as well.
        api: the blueprint. Flask responds to OPTIONS, the preflight request, for each path.
        url_prefix: of the blueprint.
        settings: the origins, each in full; without any, nothing is installed.
    """
    if not settings.cors_origins:
        return
    share = _header_hook(settings)

    def share_errors(response: Response) -> Response:
        is_ours = request.path.startswith(f"{url_prefix}/")
        return share(response) if request.routing_exception and is_ours else response

    api.after_request(share)
    app.after_request(share_errors)


def _header_hook(settings: Settings) -> Callable[[Response], Response]:
    allowed_origins = frozenset(settings.cors_origins)
    allowed_headers = ", ".join((*_ALLOWED_HEADERS, *settings.cors_headers))

    def share(response: Response) -> Response:
        origin = request.headers.get("Origin")
        if origin in allowed_origins:
            if _is_preflight() and response.status_code == 404:
                # A browser continues only after a successful preflight; otherwise the page could
                # not read the 404 of the request itself.
                response = Response(status=204)
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Methods"] = _METHODS
                response.headers["Access-Control-Allow-Headers"] = allowed_headers
                response.headers["Access-Control-Max-Age"] = _MAX_AGE
        # For other origins as well: a cache must know that the response depends on the origin.
        response.vary.add("Origin")
        return response

    return share


def _is_preflight() -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
