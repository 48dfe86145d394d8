"""The path below which the outside reaches the service.

An application that is mounted by a dispatcher has the path in ``SCRIPT_NAME``. A proxy that removes
a prefix from the path says so in ``X-Forwarded-Prefix``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from flask import request

from flask_watchword.service.context import service_context

_Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_HEADER = "HTTP_X_FORWARDED_PREFIX"
#: One or more segments of RFC 3986's unreserved characters. Whatever else a header may hold, a
#: second slash or an encoded one, could make links lead elsewhere.
_PREFIX = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+")
_LONGEST = 256


class ForwardedPrefix:
    """A WSGI application whose ``SCRIPT_NAME`` has the prefix that trusted proxies removed.

    Args:
        application: what to call.
        trusted_proxies: how many proxies every request comes through; without any, the header is a
            client's own and is ignored.
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
    """Return the prefix that trusted proxies have removed from the path, or an empty text.

    Args:
        environ: of the request.
        trusted_proxies: how many proxies every request comes through.
    """
    if not trusted_proxies or _HEADER not in environ:
        return ""
    # Each proxy removes a prefix of its own and adds it at the end; what stands before the values
    # of the trusted ones is a client's.
    values = environ[_HEADER].split(",")[-trusted_proxies:]
    prefix = "".join(value.strip().rstrip("/") for value in values)
    return prefix if len(prefix) <= _LONGEST and _PREFIX.fullmatch(prefix) else ""


def path_prefix() -> str:
    """Return the prefix of the current request, encoded as in a URL, or an empty text.

    The ``url_prefix`` of the blueprint is not part of it.
    """
    # An application that has the service mounted may leave the header to the service.
    prefix = request.root_path or forwarded_prefix(
        request.environ, service_context().settings.trusted_proxies
    )
    return quote(prefix.rstrip("/"), safe="/~")
