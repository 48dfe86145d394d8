"""GET requests for keys, with limits on hosts, time and size.

A proxy is used only if one is configured. No cookies are sent, and no credentials except those for
the proxy. Compressed responses are rejected. The name of a host that the operator has configured
may resolve to a private address; the name of a host in a server's response may not. URLs in tokens
are never fetched.
"""

import http.client
import socket
import ssl
from dataclasses import dataclass
from http import HTTPStatus

from flask_watchword.infra.http.connection import connect
from flask_watchword.infra.http.deadline import Deadline, TimedSocket
from flask_watchword.infra.http.freshness import freshness
from flask_watchword.infra.http.proxy import Proxy, open_tunnel
from flask_watchword.infra.http.url import Url, redirect_target

MAX_BYTES = 512 * 1024
#: The most bytes that a server may send, including headers and transfer encoding.
MAX_SENT_BYTES = 2 * MAX_BYTES
MAX_REDIRECTS = 3

_HEADERS = {
    "Accept": "application/jwk-set+json, application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "Flask-Watchword",
    "Connection": "close",
}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class FetchFailed(Exception):
    """A document could not be fetched; the message gives the reason for the log."""


@dataclass(frozen=True, slots=True)
class Document:
    """A fetched document: the body, and the seconds for which it is fresh."""

    body: bytes
    fresh_seconds: float


def get(url: Url, deadline: Deadline, tls: ssl.SSLContext, proxy: Proxy | None = None) -> Document:
    """Fetch a document, following redirects to the same scheme, host and port.

    Args:
        url: URL of the document.
        deadline: time limit for the whole document.
        tls: TLS context that verifies certificates.
        proxy: proxy for https URLs that it does not exempt.

    Raises:
        FetchFailed: when it cannot be fetched, or the response is not accepted.
    """
    try:
        for _ in range(MAX_REDIRECTS + 1):
            result = _request(url, deadline, tls, proxy)
            if isinstance(result, Document):
                return result
            url = redirect_target(url, result)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchFailed(str(error) or type(error).__name__) from error
    raise FetchFailed(f"redirects more than {MAX_REDIRECTS} times")


class _Connection(http.client.HTTPConnection):
    def __init__(
        self, url: Url, deadline: Deadline, tls: ssl.SSLContext, proxy: Proxy | None
    ) -> None:
        super().__init__(url.host, url.port)
        self._url = url
        self.default_port = 443 if url.scheme == "https" else 80
        self._deadline = deadline
        self._tls = tls if url.scheme == "https" else None
        self._proxy = proxy if proxy is not None and proxy.serves(url) else None
        self._timed: TimedSocket | None = None

    def connect(self) -> None:
        sock = self._connected()
        try:
            if self._tls is not None:
                sock.settimeout(self._deadline.left())
                sock = self._tls.wrap_socket(sock, server_hostname=self.host)
        except BaseException:
            sock.close()
            raise
        self.sock = self._timed = TimedSocket(sock, self._deadline, MAX_SENT_BYTES)

    def _connected(self) -> socket.socket:
        if self._proxy is None:
            return connect(self._url, self._deadline)
        return open_tunnel(self._proxy, self._url, self._deadline)

    def close_socket(self) -> None:
        """Close the connection, even if the response was not read completely."""
        if self._timed is not None:
            self._timed.close_socket()


def _request(
    url: Url, deadline: Deadline, tls: ssl.SSLContext, proxy: Proxy | None
) -> Document | str:
    """Send one request; return the document, or the location of a redirect."""
    connection = _Connection(url, deadline, tls, proxy)
    try:
        connection.request("GET", url.target, headers=_HEADERS)
        with connection.getresponse() as response:
            return _read(response)
    finally:
        connection.close_socket()


def _read(response: http.client.HTTPResponse) -> Document | str:
    if response.status in _REDIRECTS:
        return response.getheader("Location", "")
    if response.status != HTTPStatus.OK:
        raise FetchFailed(f"answered with status {response.status}")
    if response.getheader("Content-Encoding", "identity").strip().lower() != "identity":
        raise FetchFailed("answered compressed, although it was asked not to")
    # Counted while reading: neither Content-Length nor the amount of data is trusted.
    body = response.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise FetchFailed(f"answered with more than {MAX_BYTES} bytes")
    return Document(body, freshness(response.getheader))
