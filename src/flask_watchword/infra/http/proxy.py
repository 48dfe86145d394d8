"""The HTTP proxy from the environment, and tunnels through it (RFC 9110 section 9.3.6)."""

import base64
import os
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

from flask_watchword.infra.errors import UnusableProxy
from flask_watchword.infra.http.connection import connect_to
from flask_watchword.infra.http.deadline import Deadline
from flask_watchword.infra.http.url import Url, check_ip

_DEFAULT_PORT = 80
#: The most bytes of the header of a proxy's response.
_MAX_HEADER_BYTES = 16 * 1024
_END = b"\r\n\r\n"
_OK = "2"
_AUTHENTICATION_REQUIRED = "407"
#: A name, an IPv4 address or an IPv6 address in brackets, with a port.
_WITH_PORT = re.compile(r"(?:[^:]*|\[.*\]):[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy.

    Attributes:
        host: name or IP address of the proxy.
        port: port of the proxy.
        credentials: value of ``Proxy-Authorization``; empty for none.
        exempt: hosts that are connected to directly, in the format of ``NO_PROXY``.
    """

    host: str
    port: int
    credentials: str = field(default="", repr=False)
    exempt: str = ""

    @property
    def name(self) -> str:
        """The name of the proxy in messages."""
        return f"{self.host}:{self.port}"

    def serves(self, url: Url) -> bool:
        """Return whether a URL is fetched through the proxy: it is https, and not exempt."""
        entries = (entry.strip() for entry in self.exempt.split(","))
        return url.scheme == "https" and not any(_covers(entry, url) for entry in entries)


def environment_proxy(environ: Mapping[str, str] = os.environ) -> Proxy | None:
    """Return the proxy in ``HTTPS_PROXY``, or ``None`` if it is not set.

    As with curl the name may be in lower case, which takes precedence.

    Raises:
        UnusableProxy: when its value is not the URL of an HTTP proxy.
    """
    url = environ.get("https_proxy") or environ.get("HTTPS_PROXY")
    if not url:
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme != "http" or parts.path not in ("", "/") or parts.query:
        raise UnusableProxy(
            "HTTPS_PROXY is not the URL of a proxy that is asked by http, like "
            "http://proxy.example:3128"
        )
    exempt = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return Proxy(host, port or _DEFAULT_PORT, _credentials(parts.username, parts.password), exempt)


def open_tunnel(proxy: Proxy, url: Url, deadline: Deadline) -> socket.socket:
    """Connect to a host through a proxy.

    Raises:
        UrlNotAllowed: when the host is not allowed.
        OSError: when the proxy does not answer in time, or refuses.
    """
    _check_host(url)
    sock = connect_to_proxy(proxy, deadline)
    try:
        _request_tunnel(sock, proxy, url, deadline)
    except BaseException:
        sock.close()
        raise
    return sock


def connect_to_proxy(proxy: Proxy, deadline: Deadline) -> socket.socket:
    """Connect to a proxy, whatever its name resolves to: the operator has configured it.

    Raises:
        OSError: when it does not answer in time.
    """
    try:
        return connect_to(proxy.host, proxy.port, deadline)
    except OSError as error:
        raise OSError(f"the proxy {proxy.name} cannot be reached: {error}") from error


def _covers(entry: str, url: Url) -> bool:
    """Return whether an entry of ``NO_PROXY`` matches the host of a URL.

    An entry is a name, which includes its subdomains, an IP address, a network, each optionally
    with a port, or ``*``.
    """
    host = entry.lower()
    if _WITH_PORT.fullmatch(entry):
        host, _, port = host.rpartition(":")
        if int(port) != url.port:
            return False
    host, wanted = host.strip("[]").removeprefix("*").removeprefix("."), url.host.lower()
    if entry == "*" or (host and (wanted == host or wanted.endswith(f".{host}"))):
        return True
    try:
        return ip_address(wanted) in ip_network(host, strict=False)
    except ValueError:
        return False


def check_connection(proxy: Proxy, seconds: float) -> None:
    """Connect to a proxy and close the connection.

    Raises:
        OSError: when it does not accept a connection in this time.
    """
    connect_to_proxy(proxy, Deadline(seconds, time.monotonic)).close()


def _check_host(url: Url) -> None:
    """Check that a host which has to be public is public, if this machine can resolve its name.

    A name that only the proxy can resolve is subject to the rules of the proxy.

    Raises:
        UrlNotAllowed: when it is not public.
    """
    if not url.public:
        return
    try:
        ips = [str(ip_address(url.host))]
    except ValueError:
        ips = _resolve(url)
    for ip in ips:
        check_ip(url, ip)


def _resolve(url: Url) -> list[str]:
    try:
        found = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return []
    return [str(address[0]) for *_, address in found]


def _request_tunnel(sock: socket.socket, proxy: Proxy, url: Url, deadline: Deadline) -> None:
    host = f"[{url.host}]" if ":" in url.host else url.host
    lines = [f"CONNECT {host}:{url.port} HTTP/1.1", f"Host: {host}:{url.port}"]
    if proxy.credentials:
        lines.append(f"Proxy-Authorization: {proxy.credentials}")
    sock.settimeout(deadline.left())
    sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
    status = _status(_header(sock, proxy, deadline))
    if status == _AUTHENTICATION_REQUIRED:
        raise OSError(f"the proxy {proxy.name} rejects the credentials in HTTPS_PROXY")
    if not status.startswith(_OK):
        raise OSError(f"the proxy {proxy.name} refuses a tunnel with status {status or '?'}")


def _header(sock: socket.socket, proxy: Proxy, deadline: Deadline) -> bytes:
    """Read exactly the header of the response: the following bytes come from the host."""
    header = b""
    while not header.endswith(_END):
        sock.settimeout(deadline.left())
        byte = sock.recv(1)
        if not byte or len(header) >= _MAX_HEADER_BYTES:
            raise OSError(f"the proxy {proxy.name} does not answer as an HTTP proxy")
        header += byte
    return header


def _status(header: bytes) -> str:
    version, _, rest = header.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    return rest[:3] if version.startswith("HTTP/1.") and rest[:3].isdecimal() else ""


def _credentials(user: str | None, password: str | None) -> str:
    if user is None:
        return ""
    plain = f"{unquote(user)}:{unquote(password or '')}".encode()
    return f"Basic {base64.b64encode(plain).decode()}"
