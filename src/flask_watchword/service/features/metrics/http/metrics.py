"""GET /metrics: figures for Prometheus."""

import hmac
import re

from flask import Response, request

from flask_watchword.accounts.client_addresses import is_loopback
from flask_watchword.accounts.errors import ErrorCode, Rejected
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import Content, endpoint

METRICS_HIDDEN = ErrorCode(
    "metrics_hidden",
    403,
    "The request does not come from this machine and has no valid metrics token.",
)

_MEDIA_TYPE = "text/plain"
_BEARER = re.compile(r"^bearer +", re.IGNORECASE)
#: What a proxy adds: whoever is behind it is not on this machine, wherever the proxy is.
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
    """Answer with the figures of every worker, in the text format."""
    if not _may_see(context):
        msg = "Ask from the machine itself, or with the token of WATCHWORD_METRICS_TOKEN"
        raise Rejected(METRICS_HIDDEN, msg)
    shown = Response(context.metrics.text(), mimetype=_MEDIA_TYPE)
    shown.headers["Cache-Control"] = "no-store"
    return shown


def _may_see(context: ServiceContext) -> bool:
    token = context.settings.metrics_token
    if token is not None:
        # RFC 9110 section 11.1: a scheme is compared without regard to case.
        shown = _BEARER.sub("", request.headers.get("Authorization", ""), count=1)
        return hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), token.encode())
    is_direct = not any(name in request.headers for name in _FORWARDED)
    return is_direct and is_loopback(request.remote_addr or "")
