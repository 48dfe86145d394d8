"""URLs that keys may be fetched from: https, or http on this machine or a private network."""

import re
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

_PORTS = {"https": 443, "http": 80}
# Printable ASCII without space and backslash: urlsplit removes line breaks, and parsers treat the
# backslash differently.
_URL = re.compile(r"[!-\[\]-~]+")
#: IPv6 addresses that stand for IPv4 addresses behind a translator (RFC 6052 section 2.1).
_TRANSLATED = IPv6Network("64:ff9b::/96")


class UrlNotAllowed(ValueError):
    """Nothing may be fetched from a URL; the message gives the reason and continues the URL."""


@dataclass(frozen=True, slots=True)
class Url:
    """A URL that may be fetched.

    Attributes:
        scheme: ``https`` or ``http``.
        host: name or IP address of the host, without brackets.
        port: port.
        target: path and query for the request line.
        public: whether the host must be on the public Internet.
        private_http: whether http is allowed to hosts on a private network, not only to this
            machine.
    """

    scheme: str
    host: str
    port: int
    target: str
    public: bool = False
    private_http: bool = False

    @property
    def origin(self) -> tuple[str, str, int]:
        """The parts that a redirect must not change."""
        return self.scheme, self.host, self.port


def parse_url(url: Any, *, private_http: bool = False) -> Url:
    """Parse a URL from a trusted source.

    Args:
        url: the URL.
        private_http: whether http to a host on a private network is allowed.

    Raises:
        UrlNotAllowed: when it is not a URL, contains a forbidden part, or is http to another
            machine.
    """
    if not isinstance(url, str) or not _URL.fullmatch(url):
        raise UrlNotAllowed("is not a URL of printable ASCII")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise UrlNotAllowed(f"is not a URL: {error}") from None
    if parts.scheme not in _PORTS or not host:
        raise UrlNotAllowed("is not an https:// URL")
    if "@" in parts.netloc:
        raise UrlNotAllowed("must not hold a user name or a password")
    if "#" in url:
        raise UrlNotAllowed("must not have a fragment")
    if parts.scheme == "http" and not private_http and not is_loopback(host):
        raise UrlNotAllowed(
            "is http, which is for localhost, 127.0.0.0/8 and ::1 alone; use https, or set "
            '"allow_http" where it is on a private network'
        )
    port = port or _PORTS[parts.scheme]
    return Url(parts.scheme, host, port, _target(parts), private_http=private_http)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine by its name; do not resolve the name."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def redirect_target(url: Url, location: str) -> Url:
    """Return the target of a redirect, relative to the requested URL (RFC 9110 section 10.2.2).

    Raises:
        UrlNotAllowed: when it is not a URL, or has another scheme, host or port.
    """
    host = f"[{url.host}]" if ":" in url.host else url.host
    base = f"{url.scheme}://{host}:{url.port}{url.target}"
    try:
        joined = urljoin(base, location).partition("#")[0]
        target = parse_url(joined, private_http=url.private_http)
    except ValueError as error:
        raise UrlNotAllowed(f"redirects to a URL that {error}") from None
    if target.origin != url.origin:
        raise UrlNotAllowed("redirects to another scheme, host or port")
    return replace(target, public=url.public)


def check_ip(url: Url, ip: str) -> None:
    """Check that an IP address of the host of a URL may be connected to.

    Raises:
        UrlNotAllowed: when the URL is http and the address is another machine, or when the address
            has to be public and is not.
    """
    actual = _ipv4_inside(ip_address(ip))
    if url.scheme == "http" and not actual.is_loopback:
        if not url.private_http:
            raise UrlNotAllowed(f"is http, and {url.host} is another machine, {ip}")
        if not _is_on_private_network(actual):
            raise UrlNotAllowed(f"is http, and {ip} is not on a private network")
    if url.public and (not actual.is_global or actual.is_multicast):
        raise UrlNotAllowed(f"resolves to {ip}, which is not public")


def _is_on_private_network(ip: IPv4Address | IPv6Address) -> bool:
    """Return whether an address is in a private or shared network (RFC 1918, 4193, 6598).

    Link-local addresses are excluded: cloud providers serve credentials of the machine there.
    """
    return not (ip.is_global or ip.is_link_local or ip.is_multicast or ip.is_unspecified)


def _ipv4_inside(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address embedded in an IPv6 address, or the address itself."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _TRANSLATED:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def _target(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path
