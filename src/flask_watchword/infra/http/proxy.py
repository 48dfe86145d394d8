"""The proxy that the environment names, and tunnels through it (RFC 9110 section 9.3.6)."""

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
from flask_watchword.infra.http.address import Address, check_number
from flask_watchword.infra.http.connection import connect_to
from flask_watchword.infra.http.deadline import Deadline

_DEFAULT_PORT = 80
#: The most bytes of the header with which a proxy answers.
_MAX_HEADER_BYTES = 16 * 1024
_END = b"\r\n\r\n"
_OK = "2"
_AUTHENTICATION_REQUIRED = "407"
#: A name, an IPv4 number or an IPv6 number in brackets, with a port.
_WITH_PORT = re.compile(r"(?:[^:]*|\[.*\]):[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy.

    Attributes:
        host: the name or the number of the proxy.
        port: its port.
        credentials: the value of ``Proxy-Authorization``; empty where it asks for none.
        exempt: hosts that are asked directly, as ``NO_PROXY`` lists them.
    """

    host: str
    port: int
    credentials: str = field(default="", repr=False)
    exempt: str = ""

    @property
    def name(self) -> str:
        """Return how messages call the proxy."""
        return f"{self.host}:{self.port}"

    def serves(self, address: Address) -> bool:
        """Tell whether an address is fetched through the proxy: by https, and not exempt."""
        entries = (entry.strip() for entry in self.exempt.split(","))
        return address.scheme == "https" and not any(_covers(entry, address) for entry in entries)


def environment_proxy(environ: Mapping[str, str] = os.environ) -> Proxy | None:
    """Return the proxy of ``HTTPS_PROXY``; ``None`` where none is named.

    As with curl the name may be in lower case, and that one is preferred.

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


def open_tunnel(proxy: Proxy, address: Address, deadline: Deadline) -> socket.socket:
    """Connect to a host through a proxy.

    Raises:
        BadAddress: when the host must not be asked.
        OSError: when the proxy does not answer in time, or refuses.
    """
    _check_host(address)
    sock = connect_to_proxy(proxy, deadline)
    try:
        _ask_for_tunnel(sock, proxy, address, deadline)
    except BaseException:
        sock.close()
        raise
    return sock


def connect_to_proxy(proxy: Proxy, deadline: Deadline) -> socket.socket:
    """Connect to a proxy, wherever its name leads: the operator has written it.

    Raises:
        OSError: when it does not answer in time.
    """
    try:
        return connect_to(proxy.host, proxy.port, deadline)
    except OSError as error:
        raise OSError(f"the proxy {proxy.name} cannot be reached: {error}") from error


def _covers(entry: str, address: Address) -> bool:
    """Tell whether an entry of ``NO_PROXY`` means a host.

    That is a name with all that are below it, a number, a network, either of them with a port
    perhaps, or ``*``.
    """
    host = entry.lower()
    if _WITH_PORT.fullmatch(entry):
        host, _, port = host.rpartition(":")
        if int(port) != address.port:
            return False
    host, asked = host.strip("[]").removeprefix("*").removeprefix("."), address.host.lower()
    if entry == "*" or (host and (asked == host or asked.endswith(f".{host}"))):
        return True
    try:
        return ip_address(asked) in ip_network(host, strict=False)
    except ValueError:
        return False


def reach(proxy: Proxy, seconds: float) -> None:
    """Find out whether a proxy takes a connection; nothing is asked of it.

    Raises:
        OSError: when it does not in this time.
    """
    connect_to_proxy(proxy, Deadline(seconds, time.monotonic)).close()


def _check_host(address: Address) -> None:
    """Check that a host which has to be public is, as far as this machine knows its name.

    A name that only the proxy can resolve is left to the rules of the proxy.

    Raises:
        BadAddress: when it is not public.
    """
    if not address.public:
        return
    try:
        numbers = [str(ip_address(address.host))]
    except ValueError:
        numbers = _resolved(address)
    for number in numbers:
        check_number(address, number)


def _resolved(address: Address) -> list[str]:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return []
    return [str(place[0]) for *_, place in found]


def _ask_for_tunnel(
    sock: socket.socket, proxy: Proxy, address: Address, deadline: Deadline
) -> None:
    host = f"[{address.host}]" if ":" in address.host else address.host
    lines = [f"CONNECT {host}:{address.port} HTTP/1.1", f"Host: {host}:{address.port}"]
    if proxy.credentials:
        lines.append(f"Proxy-Authorization: {proxy.credentials}")
    sock.settimeout(deadline.left())
    sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
    status = _status(_header(sock, proxy, deadline))
    if status == _AUTHENTICATION_REQUIRED:
        raise OSError(f"the proxy {proxy.name} wants other credentials than HTTPS_PROXY has")
    if not status.startswith(_OK):
        raise OSError(f"the proxy {proxy.name} refuses a tunnel with status {status or '?'}")


def _header(sock: socket.socket, proxy: Proxy, deadline: Deadline) -> bytes:
    """Read up to the end of a header and not beyond it: what follows is the host's."""
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
