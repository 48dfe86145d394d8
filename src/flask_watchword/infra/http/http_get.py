"""One GET under the rules for fetching keys: who is asked, how long, how much.

A proxy is asked only where it is given, no cookie and no credentials are sent but those for the
proxy, and nothing that is compressed is accepted. The name of a host that the operator has
configured may lead to a private address; one that a server told may not. What a token says is never
asked.
"""

import http.client
import socket
import ssl
from dataclasses import dataclass
from http import HTTPStatus

from flask_watchword.infra.http.address import Address, redirected
from flask_watchword.infra.http.connection import connect
from flask_watchword.infra.http.deadline import Deadline, TimedSocket
from flask_watchword.infra.http.freshness import freshness
from flask_watchword.infra.http.proxy import Proxy, open_tunnel

MAX_BYTES = 512 * 1024
#: Bytes of all that a server sends: the body, what it is cut into, and the headers.
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
    """What was asked for did not come; the text says why, for the log."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a server answered: the body, and the seconds that it is fresh."""

    body: bytes
    fresh_seconds: float


def get(
    address: Address, deadline: Deadline, tls: ssl.SSLContext, proxy: Proxy | None = None
) -> Document:
    """Fetch a document, following redirects that stay at the same scheme, host and port.

    Args:
        address: where from.
        deadline: by when the whole of it has to be there.
        tls: how certificates are verified.
        proxy: what https addresses are asked through, unless it exempts them.

    Raises:
        FetchFailed: when it does not come, or not in a form that is accepted.
    """
    try:
        for _ in range(MAX_REDIRECTS + 1):
            answer = _ask(address, deadline, tls, proxy)
            if isinstance(answer, Document):
                return answer
            address = redirected(address, answer)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchFailed(str(error) or type(error).__name__) from error
    raise FetchFailed(f"redirects more than {MAX_REDIRECTS} times")


class _Connection(http.client.HTTPConnection):
    def __init__(
        self, address: Address, deadline: Deadline, tls: ssl.SSLContext, proxy: Proxy | None
    ) -> None:
        super().__init__(address.host, address.port)
        self._address = address
        self.default_port = 443 if address.scheme == "https" else 80
        self._deadline = deadline
        self._tls = tls if address.scheme == "https" else None
        self._proxy = proxy if proxy is not None and proxy.serves(address) else None
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
            return connect(self._address, self._deadline)
        return open_tunnel(self._proxy, self._address, self._deadline)

    def hang_up(self) -> None:
        """Close the connection, whatever was read of the answer."""
        if self._timed is not None:
            self._timed.hang_up()


def _ask(
    address: Address, deadline: Deadline, tls: ssl.SSLContext, proxy: Proxy | None
) -> Document | str:
    """Ask once; return the document, or where the server sends us on."""
    connection = _Connection(address, deadline, tls, proxy)
    try:
        connection.request("GET", address.target, headers=_HEADERS)
        with connection.getresponse() as response:
            return _read(response)
    finally:
        connection.hang_up()


def _read(response: http.client.HTTPResponse) -> Document | str:
    if response.status in _REDIRECTS:
        return response.getheader("Location", "")
    if response.status != HTTPStatus.OK:
        raise FetchFailed(f"answered with status {response.status}")
    if response.getheader("Content-Encoding", "identity").strip().lower() != "identity":
        raise FetchFailed("answered compressed, although it was asked not to")
    # As it streams in: neither the length that a server tells nor what it sends is trusted.
    body = response.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise FetchFailed(f"answered with more than {MAX_BYTES} bytes")
    return Document(body, freshness(response.getheader))
