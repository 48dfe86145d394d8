"""Request ids: shared by the response and the log lines of a request."""

import re
import secrets

from flask import Blueprint, Flask, Response, has_request_context, request

from flask_watchword.service.configuration.settings import Settings

_HEADER = "X-Request-ID"
#: In the WSGI environment rather than on ``g``, which several requests may share.
_ENVIRON_KEY = "watchword.request_id"
#: Accepted ids: safe in a log, on a terminal and in a header.
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def install_request_id(target: Flask | Blueprint, settings: Settings) -> None:
    """Give every request an id, and send it in the response as ``X-Request-ID``.

    Args:
        target: an application; or a blueprint, whose requests then are the only ones with ids.
        settings: whether there is a trusted proxy, whose id is reused. An id from the client is
            not: it could make its requests look like those of another client.
    """
    from_proxy = settings.trusted_proxies > 0

    def begin() -> None:
        if request_id() is None:
            given = request.headers.get(_HEADER, "") if from_proxy else ""
            new = given if _ID.fullmatch(given) else secrets.token_hex(8)
            request.environ[_ENVIRON_KEY] = new

    def add_header(response: Response) -> Response:
        current = request_id()
        if current is not None:
            response.headers.setdefault(_HEADER, current)
        return response

    target.before_request(begin)
    target.after_request(add_header)


def request_id() -> str | None:
    """Return the id of the current request; ``None`` outside of a request."""
    if not has_request_context():
        return None
    current: str | None = request.environ.get(_ENVIRON_KEY)
    return current
