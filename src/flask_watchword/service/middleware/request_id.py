"""The name of a request, which its answer and its lines in the log have in common."""

import re
import secrets

from flask import Blueprint, Flask, Response, has_request_context, request

from flask_watchword.service.configuration.settings import Settings

_HEADER = "X-Request-ID"
#: Of the WSGI environment and not of ``g``, which several requests may share.
_KEPT = "watchword.request_id"
#: What a name may be made of, so that it does nothing to a log, a terminal or a header.
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def install_request_id(target: Flask | Blueprint, settings: Settings) -> None:
    """Give every request a name, and let its answer tell it as ``X-Request-ID``.

    Args:
        target: an application; or a blueprint, whose requests then have names and no others.
        settings: whether there is a proxy whose name is taken over. A client's own is not: it
            could make its requests look like somebody else's.
    """
    from_proxy = settings.trusted_proxies > 0

    def begin() -> None:
        if request_id() is None:
            given = request.headers.get(_HEADER, "") if from_proxy else ""
            request.environ[_KEPT] = given if _NAME.fullmatch(given) else secrets.token_hex(8)

    def show(response: Response) -> Response:
        name = request_id()
        if name is not None:
            response.headers.setdefault(_HEADER, name)
        return response

    target.before_request(begin)
    target.after_request(show)


def request_id() -> str | None:
    """Return the name of the current request; ``None`` where there is none."""
    if not has_request_context():
        return None
    name: str | None = request.environ.get(_KEPT)
    return name
