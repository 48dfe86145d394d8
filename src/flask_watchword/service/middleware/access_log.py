"""Log one line for each request, without values that the client chose freely."""

import logging
from http import HTTPMethod

from flask import Flask, Response, request

from flask_watchword.extension.verification.current import get_jwt, get_jwt_request_location
from flask_watchword.service.client_address import client
from flask_watchword.service.middleware.request_time import request_seconds

#: The text format; the JSON format has all fields.
_TEXT = "%(method)s %(path)s %(status)d %(milliseconds).1f ms %(address)s"

_logger = logging.getLogger("flask_watchword.requests")


def install_request_lines(app: Flask) -> None:
    """Log every request of an application after its response is complete."""

    def log(response: Response) -> Response:
        if _logger.isEnabledFor(logging.INFO):
            fields = _fields(response)
            _logger.info(_TEXT, fields, extra={"fields": fields})
        return response

    app.after_request(log)


def _fields(response: Response) -> dict[str, str | int | float]:
    # The URL rule rather than the path: a token pasted into a URL must not end up in the log.
    path = "-" if request.url_rule is None else request.url_rule.rule
    fields: dict[str, str | int | float] = {
        "method": request.method if request.method in HTTPMethod.__members__ else "-",
        "path": path,
        "status": response.status_code,
        "milliseconds": round(1_000 * request_seconds(), 1),
        "address": client().address or "-",
    }
    if get_jwt_request_location() is not None:
        # From a verified token, so the service itself has assigned these ids.
        claims = get_jwt()
        for name, claim in (("user", "sub"), ("session", "sid")):
            if isinstance(claims.get(claim), str):
                fields[name] = claims[claim]
    return fields
