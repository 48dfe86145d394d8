"""Request ids: shared by the response and the log lines of a request."""

import random
import re
from typing import Any

from flask import has_request_context, request

#: In the WSGI environment rather than on ``g``, which several requests may share.
ENVIRON_KEY = "watchword.request_id"
#: Accepted ids: safe in a log, on a terminal and in a header.
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def new_request_id(environ: dict[str, Any], from_proxy: bool) -> str:
    """Return the id of a request.

    Args:
        environ: the WSGI environment.
        from_proxy: whether there is a trusted proxy, whose id is reused. An id from the client is
            not: it could make its requests look like those of another client.
    """
    if from_proxy:
        given: str = environ.get("HTTP_X_REQUEST_ID", "")
        if _ID.fullmatch(given):
            return given
    # It is not a secret. The generator is seeded by the operating system, and after a fork again.
    return f"{random.getrandbits(64):016x}"


def request_id() -> str | None:
    """Return the id of the current request; ``None`` outside of a request."""
    if not has_request_context():
        return None
    current: str | None = request.environ.get(ENVIRON_KEY)
    return current
