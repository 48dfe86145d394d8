"""Where keys may be fetched from: by https, or by http from this machine or a private network."""

import re
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

_PORTS = {"https": 443, "http": 80}
# Printable ASCII without space and backslash: urlsplit drops line ends, and parsers disagree about
# the backslash.
_URL = re.compile(r"[!-\[\]-~]+")
#: IPv4 numbers as IPv6 ones, by a translator on the way (RFC 6052 section 2.1).
_TRANSLATED = IPv6Network("64:ff9b::/96")


class BadAddress(ValueError):
    """An address that nothing is fetched from; the text says why, and follows on the address."""


@dataclass(frozen=True, slots=True)
class Address:
    """A URL that may be fetched from.

    Attributes:
        scheme: ``https``, or ``http``.
        host: the name or the number of the host, without brackets.
        port: its port.
        target: path and query, as a request line has them.
        public: whether the host must be one on the public Internet.
        private_http: whether http may also ask a host on a private network, not only this machine.
    """

    scheme: str
    host: str
    port: int
    target: str
    public: bool = False
    private_http: bool = False

    @property
    def origin(self) -> tuple[str, str, int]:
        """What has to stay the same when a server answers with another address."""
        return self.scheme, self.host, self.port


def read_address(url: Any, *, private_http: bool = False) -> Address:
    """Read a URL that somebody trusted has written.

    Args:
        url: the URL.
        private_http: whether it may be http to a host on a private network.

    Raises:
        BadAddress: when it is none, has a part that it must not have, or is http to another
            machine.
    """
    if not isinstance(url, str) or not _URL.fullmatch(url):
        raise BadAddress("is not a URL of printable ASCII")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadAddress(f"is not a URL: {error}") from None
    if parts.scheme not in _PORTS or not host:
        raise BadAddress("is not an https:// URL")
    if "@" in parts.netloc:
        raise BadAddress("must not hold a user name or a password")
    if "#" in url:
        raise BadAddress("must not have a fragment")
    if parts.scheme == "http" and not private_http and not is_loopback(host):
        raise BadAddress(
            "is http, which is for localhost, 127.0.0.0/8 and ::1 alone; use https, or set "
            '"allow_http" where it is on a private network'
        )
    port = port or _PORTS[parts.scheme]
    return Address(parts.scheme, host, port, _target(parts), private_http=private_http)


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine by its very name; nothing is resolved."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def redirected(address: Address, location: str) -> Address:
    """Return where a server sends us on, relative to where it was asked (RFC 9110 section 10.2.2).

    Raises:
        BadAddress: when that is no address, or has another scheme, host or port.
    """
    host = f"[{address.host}]" if ":" in address.host else address.host
    here = f"{address.scheme}://{host}:{address.port}{address.target}"
    try:
        url = urljoin(here, location).partition("#")[0]
        there = read_address(url, private_http=address.private_http)
    except ValueError as error:
        raise BadAddress(f"redirects to what {error}") from None
    if there.origin != address.origin:
        raise BadAddress("redirects to another scheme, host or port")
    return replace(there, public=address.public)


def check_number(address: Address, number: str) -> None:
    """Check that a number which the name of a host leads to may be connected to.

    Raises:
        BadAddress: when it is another machine and the address is http, or when it has to be
            public and is not.
    """
    meant = _meant(ip_address(number))
    if address.scheme == "http" and not meant.is_loopback:
        if not address.private_http:
            raise BadAddress(f"is http, and {address.host} is another machine, {number}")
        if not _is_on_private_network(meant):
            raise BadAddress(f"is http, and {number} is not on a private network")
    if address.public and (not meant.is_global or meant.is_multicast):
        raise BadAddress(f"leads to {number}, which is not public")


def _is_on_private_network(number: IPv4Address | IPv6Address) -> bool:
    """Tell whether a number is of a private or a shared network (RFC 1918, 4193, 6598).

    Link-local numbers are not: at those, clouds serve credentials of the machine.
    """
    return not (
        number.is_global or number.is_link_local or number.is_multicast or number.is_unspecified
    )


def _meant(number: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 number that stands in an IPv6 one, or the number itself."""
    if isinstance(number, IPv4Address):
        return number
    if number in _TRANSLATED:
        return IPv4Address(int(number) & 0xFFFFFFFF)
    return number.ipv4_mapped or number.sixtofour or number


def _target(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path
