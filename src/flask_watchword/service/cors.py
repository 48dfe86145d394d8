"""Which pages of other origins may read the service's answers (Fetch standard section 3.2)."""

from collections.abc import Sequence

from flask import Blueprint, Response, request

from flask_watchword.service.cookies import CSRF_HEADER

#: What their scripts see of an answer beside its body.
_SHOWN = "Retry-After, WWW-Authenticate"
#: What they may send that a form could not.
_ADMITTED = f"Authorization, Content-Type, {CSRF_HEADER}"
#: Seconds for which a browser need not ask again.
_REMEMBERED = "600"


def install_cors(api: Blueprint, origins: Sequence[str]) -> None:
    """Let pages of these origins read the answers of a blueprint, and send cookies with requests.

    Args:
        api: the blueprint. OPTIONS, by which a browser asks first, Flask answers for each path.
        origins: the origins, each in full; without any nothing is changed.
    """
    listed = frozenset(origins)

    def share(response: Response) -> Response:
        # Also to who is not listed: a cache has to know that another one is answered otherwise.
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin in listed:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Expose-Headers"] = _SHOWN
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Methods"] = response.headers["Allow"]
                response.headers["Access-Control-Allow-Headers"] = _ADMITTED
                response.headers["Access-Control-Max-Age"] = _REMEMBERED
        return response

    if listed:
        api.after_request(share)
