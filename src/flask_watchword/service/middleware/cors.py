"""Which pages of other origins may read the service's answers (Fetch standard section 3.2)."""

from collections.abc import Callable

from flask import Blueprint, Flask, Response, request

from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.cookies import CSRF_HEADER

#: What their scripts see of an answer beside its body.
_SHOWN = "Retry-After, WWW-Authenticate"
#: The headers that the endpoints read, which a page may send without being listed.
_ADMITTED = ("Authorization", "Content-Type", CSRF_HEADER)
#: For every path, so that a page can read the 405 of a method which a path does not have.
_METHODS = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
#: Seconds for which a browser need not ask again.
_REMEMBERED = "600"


def install_cors(app: Flask, api: Blueprint, url_prefix: str, settings: Settings) -> None:
    """Let listed pages read every answer of the service, and send cookies with requests.

    Args:
        app: the application. It answers the paths below the prefix that are no endpoint's, and the
            methods that an endpoint does not have: these answers can be read as well.
        api: the blueprint. OPTIONS, by which a browser asks first, Flask answers for each path.
        url_prefix: of the blueprint.
        settings: the origins, each in full; without any nothing is changed.
    """
    if not settings.cors_origins:
        return
    share = _sharing(settings)

    def share_errors(response: Response) -> Response:
        is_ours = request.path.startswith(f"{url_prefix}/")
        return share(response) if request.routing_exception and is_ours else response

    api.after_request(share)
    app.after_request(share_errors)


def _sharing(settings: Settings) -> Callable[[Response], Response]:
    listed = frozenset(settings.cors_origins)
    admitted = ", ".join((*_ADMITTED, *settings.cors_headers))

    def share(response: Response) -> Response:
        origin = request.headers.get("Origin")
        if origin in listed:
            if _is_preflight() and response.status_code == 404:
                # A browser asks further only after a success, and the page could not read the 404.
                response = Response(status=204)
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Expose-Headers"] = _SHOWN
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Methods"] = _METHODS
                response.headers["Access-Control-Allow-Headers"] = admitted
                response.headers["Access-Control-Max-Age"] = _REMEMBERED
        # Also to who is not listed: a cache has to know that another one is answered otherwise.
        response.vary.add("Origin")
        return response

    return share


def _is_preflight() -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
