"""GET /metrics: metrics for Prometheus."""

import hmac
import re

from flask import Response, request

from flask_watchword.accounts.client_addresses import is_loopback
from flask_watchword.accounts.errors import ErrorCode, Rejected
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import Content, endpoint
from flask_watchword.service.features.metrics.settings import METRICS_TOKEN

METRICS_HIDDEN = ErrorCode(
    "metrics_hidden",
    403,
    "The request does not come from this machine and has no valid metrics token.",
)

_MEDIA_TYPE = "text/plain"
_BEARER = re.compile(r"^bearer +", re.IGNORECASE)
#: Headers that a proxy adds: its client is not on this machine, even if the proxy is.
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


@endpoint(
    "GET",
    "/metrics",
    summary="Return metrics for Prometheus, to this machine or with the metrics token",
    access=PUBLIC,
    responses={200: Content(_MEDIA_TYPE)},
    errors=(METRICS_HIDDEN,),
    needs_stores=False,
)
def metrics(context: ServiceContext) -> Response:
    """Respond with the metrics of all workers, in the text format of Prometheus."""
    if not _is_allowed(context):
        msg = "Send the request from this machine, or with the token of WATCHWORD_METRICS_TOKEN"
        raise Rejected(METRICS_HIDDEN, msg)
    context.finished.count()
    shown = Response(context.metrics.text(), mimetype=_MEDIA_TYPE)
    shown.headers["Cache-Control"] = "no-store"
    return shown


def _is_allowed(context: ServiceContext) -> bool:
    token = context.settings[METRICS_TOKEN]
    if token is not None:
        # RFC 9110 section 11.1: the scheme is case-insensitive.
        shown = _BEARER.sub("", request.headers.get("Authorization", ""), count=1)
        return hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), token.encode())
    is_direct = not any(name in request.headers for name in _FORWARDED)
    return is_direct and is_loopback(request.remote_addr or "")
