"""Where to listen: an address that resolves and a port that nobody holds."""

import errno
import ipaddress
import socket

import click


def free_address(host: str, port: int) -> str:
    """Return the numeric address of ``host``, after making sure that ``port`` is free there.

    The workers share the port by SO_REUSEPORT, under which a second server would start without
    complaint and take half of the requests. So the port is tried without it.

    Raises:
        click.ClickException: one line, when the host is unknown or the port is taken.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise click.ClickException(f"cannot listen on {host}: no such address") from error
    family, _, _, _, place = found[0]
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Without this a port would count as taken for a minute after its last connection.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(place)
            probe.listen(1)
        except OSError as error:
            raise click.ClickException(_why_not(host, port, error)) from error
    return str(place[0])


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


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken by another program; choose another with --port"
    return f"cannot listen on {host}, port {port}: {error.strerror}"
