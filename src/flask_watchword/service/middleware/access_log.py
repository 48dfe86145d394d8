"""Log one line for each request, without values that the client chose freely."""

import logging
from http import HTTPMethod

from flask import Flask, Response, request

from flask_watchword.extension.verification.current import get_jwt, get_jwt_request_location
from flask_watchword.service.middleware.request_time import request_seconds
from flask_watchword.service.request_source import request_address

#: The text format; the JSON format has all fields.
_TEXT = "%(method)s %(path)s %(status)d %(milliseconds).1f ms %(address)s"

_logger = logging.getLogger("flask_watchword.requests")


def install_request_lines(app: Flask, trusted_proxies: int) -> None:
    """Log every request of an application after its response.

    Args:
        app: the application.
        trusted_proxies: the number of proxies whose ``X-Forwarded-For`` counts.
    """

    def log(response: Response) -> Response:
        if _logger.isEnabledFor(logging.INFO):
            fields = _fields(response, trusted_proxies)
            _logger.info(_TEXT, fields, extra={"fields": fields})
        return response

    app.after_request(log)


def _fields(response: Response, trusted_proxies: int) -> dict[str, str | int | float]:
    # The URL rule rather than the path: a token pasted into a URL must not end up in the log.
    path = "-" if request.url_rule is None else request.url_rule.rule
    fields: dict[str, str | int | float] = {
        "method": request.method if request.method in HTTPMethod.__members__ else "-",
        "path": path,
        "status": response.status_code,
        "milliseconds": round(1_000 * request_seconds(), 1),
        "address": request_address(trusted_proxies) or "-",
    }
    if get_jwt_request_location() is not None:
        # From a verified token, so the service itself has assigned these ids.
        claims = get_jwt()
        for name, claim in (("user", "sub"), ("session", "sid")):
            if isinstance(claims.get(claim), str):
                fields[name] = claims[claim]
    return fields
