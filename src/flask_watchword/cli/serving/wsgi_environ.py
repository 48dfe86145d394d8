"""Build the WSGI environment of a request from headers with their original names.

WSGI names a header as CGI does, with ``_`` for ``-`` (PEP 3333): ``X_Forwarded_For`` and
``X-Forwarded-For`` have the same key. A proxy replaces or extends the header it knows and passes
the other spelling on, so a client could forge the value that the application trusts the proxy for.
"""

import io
import sys
from typing import Any, Protocol


class Headers(Protocol):
    """The headers of a request, by lower-case name."""

    def keys(self) -> list[str]:
        """Return the names, each once."""

    def get_all(self, name: str, /) -> list[str]:
        """Return the values of a name in the order sent, without values that are not ASCII."""


class Scope(Protocol):
    """The head of a request, as granian's RSGI provides it."""

    @property
    def http_version(self) -> str:
        """Return ``1`` or ``1.1``."""

    @property
    def scheme(self) -> str:
        """Return ``http`` or ``https``."""

    @property
    def method(self) -> str:
        """Return the method as sent."""

    @property
    def path(self) -> str:
        """Return the decoded path; bytes that are not UTF-8 are replaced."""

    @property
    def query_string(self) -> str:
        """Return the query string as sent."""

    @property
    def authority(self) -> str | None:
        """Return the host of a request for an absolute URL."""

    @property
    def server(self) -> str:
        """Return the local address of the connection, with its port."""

    @property
    def client(self) -> str:
        """Return the remote address of the connection, with its port."""

    @property
    def headers(self) -> Headers:
        """Return the headers."""


_CGI_NAMES = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


def is_forwarded_for_readable(headers: Headers) -> bool:
    """Tell whether ``X-Forwarded-For`` is absent or readable.

    A proxy appends its value to the client's, and granian drops a whole value with bytes outside
    ASCII. Without the proxy's value, the request would appear to come from the proxy itself.
    """
    name = "x-forwarded-for"
    # `Headers` is not a mapping.
    return name not in headers.keys() or bool(headers.get_all(name))  # noqa: SIM118


def environ_of(scope: Scope, body: bytes) -> dict[str, Any]:
    """Return the WSGI environment of a request.

    A header with an underscore in its name is dropped, as nginx, Apache, gunicorn and waitress
    drop it.

    Args:
        scope: the head of the request.
        body: the complete body.
    """
    server_name, server_port = _host_and_port(scope.server)
    environ: dict[str, Any] = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "SERVER_SOFTWARE": "Watchword",
        "SERVER_PROTOCOL": "HTTP/1.1" if scope.http_version == "1.1" else "HTTP/1.0",
        "SERVER_NAME": server_name,
        "SERVER_PORT": server_port,
        "REMOTE_ADDR": _host_and_port(scope.client)[0],
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        # Bytes as Latin-1 text (PEP 3333).
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "HTTP_HOST": scope.authority or "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    headers = scope.headers
    for name in headers.keys():  # noqa: SIM118 - not a mapping
        if "_" not in name:
            separator = ";" if name == "cookie" else ","
            environ[_cgi_name(name)] = separator.join(headers.get_all(name))
    return environ


def _cgi_name(header: str) -> str:
    return _CGI_NAMES.get(header) or "HTTP_" + header.replace("-", "_").upper()


def _host_and_port(address: str) -> tuple[str, str]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), port
