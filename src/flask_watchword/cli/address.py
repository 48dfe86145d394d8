"""Resolve the address to listen on, and describe it: a numeric address and a URL to open."""

import ipaddress

from flask_watchword.cli.serving.listeners import bind_socket


def free_address(host: str, port: int) -> str:
    """Return the numeric address of ``host``, after checking that ``port`` is free there.

    Raises:
        click.ClickException: one line, when the host is unknown or the port is taken.
    """
    # Bound but not listening: a client that connected to the probe would lose its connection.
    with bind_socket(host, port) as probe:
        address: str = probe.getsockname()[0]
        return address


def is_loopback(address: str) -> bool:
    """Tell whether a numeric address can be reached only from this machine."""
    return ipaddress.ip_address(address).is_loopback


def local_url(host: str, port: int) -> str:
    """Return the URL at which a client on this machine reaches the server."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.is_unspecified:
        address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")
    return f"http://[{address}]:{port}" if address.version == 6 else f"http://{address}:{port}"


def describe_address(address: str, url: str, port: int) -> str:
    """Describe where a server listens; the text follows ``listens on``.

    Args:
        address: the numeric address.
        url: the result of :func:`local_url` for it.
        port: the port at that address.
    """
    parsed = ipaddress.ip_address(address)
    if not parsed.is_unspecified:
        return url
    which = "all IPv4 addresses" if parsed.version == 4 else "all addresses"
    return f"{which} of this machine, port {port}: {url}"
