"""Where to listen, and how that is said: a numeric address, and a URL that can be opened."""

import ipaddress

from flask_watchword.cli.serving.listeners import bound


def free_address(host: str, port: int) -> str:
    """Return the numeric address of ``host``, after making sure that ``port`` is free there.

    Raises:
        click.ClickException: one line, when the host is unknown or the port is taken.
    """
    # Nobody is to be let in by a probe: who connects to it would be cut off when it is closed.
    with bound(host, port) as probe:
        address: str = probe.getsockname()[0]
        return address


def only_this_machine(address: str) -> bool:
    """Tell whether a numeric address can be reached from this machine alone."""
    return ipaddress.ip_address(address).is_loopback


def url_of(host: str, port: int) -> str:
    """Return the URL under which a client on this machine finds the server."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.is_unspecified:
        address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")
    return f"http://[{address}]:{port}" if address.version == 6 else f"http://{address}:{port}"


def place_of(address: str, url: str, port: int) -> str:
    """Say where a server listens, in words that follow on ``listens on``.

    Args:
        address: the numeric address.
        url: what :func:`url_of` gives for it.
        port: at that address.
    """
    parsed = ipaddress.ip_address(address)
    if not parsed.is_unspecified:
        return url
    which = "all IPv4 addresses" if parsed.version == 4 else "all addresses"
    return f"{which} of this machine, port {port}: {url}"
