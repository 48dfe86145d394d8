"""Determine the external path prefix of the service.

An application that is mounted by a dispatcher has the prefix in ``SCRIPT_NAME``. A proxy that
strips a prefix from the path sends it as ``X-Forwarded-Prefix``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from flask import request

from flask_watchword.service.context import ServiceContext

_Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_HEADER = "HTTP_X_FORWARDED_PREFIX"
#: One or more segments of RFC 3986's unreserved characters. Anything else, such as a second or an
#: encoded slash, could make links point to another host.
_PREFIX = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+")
_MAX_LENGTH = 256


class ForwardedPrefix:
    """WSGI middleware that adds the prefix stripped by trusted proxies to ``SCRIPT_NAME``.

    Args:
        application: the wrapped application.
        trusted_proxies: number of proxies that every request passes; if 0, the header comes from
            the client and is ignored.
    """

    def __init__(self, application: _Application, trusted_proxies: int) -> None:
        self._application = application
        self._trusted = trusted_proxies

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Serve a request."""
        prefix = forwarded_prefix(environ, self._trusted)
        if prefix:
            environ["SCRIPT_NAME"] = prefix + environ.get("SCRIPT_NAME", "")
        return self._application(environ, start_response)


def forwarded_prefix(environ: Mapping[str, Any], trusted_proxies: int) -> str:
    """Return the prefix that trusted proxies have stripped from the path, or an empty string.

    Args:
        environ: the WSGI environment of the request.
        trusted_proxies: number of proxies that every request passes.
    """
    if not trusted_proxies or _HEADER not in environ:
        return ""
    # Each proxy strips its own prefix and appends it to the header; values before those of the
    # trusted proxies come from the client.
    values = environ[_HEADER].split(",")[-trusted_proxies:]
    prefix = "".join(value.strip().rstrip("/") for value in values)
    return prefix if len(prefix) <= _MAX_LENGTH and _PREFIX.fullmatch(prefix) else ""


def path_prefix(context: ServiceContext) -> str:
    """Return the prefix of the current request, percent-encoded, or an empty string.

    The blueprint's ``url_prefix`` is not part of it.
    """
    # An application that mounts the service may leave the header to the service.
    prefix = request.root_path or forwarded_prefix(
        request.environ, context.settings.trusted_proxies
    )
    return quote(prefix.rstrip("/"), safe="/~")
