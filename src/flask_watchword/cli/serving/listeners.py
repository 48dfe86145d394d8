"""The sockets that a service listens on."""

import errno
import socket
import sys
from typing import Any

import click


def bound(host: str, port: int) -> socket.socket:
    """Return a socket at a place where no other program listens; it does not listen yet.

    Args:
        host: a name or an address.
        port: at that address.

    Raises:
        click.ClickException: one line, when the host is unknown or the port is taken.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise click.ClickException(f"cannot listen on {host}: no such address") from error
    family, _, _, _, place = found[0]
    try:
        return _bound(family, place)
    except OSError as error:
        raise click.ClickException(_why_not(host, port, error)) from error


def listener(host: str, port: int, backlog: int) -> socket.socket:
    """Return a socket that listens where no other program does.

    Args:
        host: a name or an address.
        port: at that address.
        backlog: connections that may wait to be taken.

    Raises:
        click.ClickException: one line, when the host is unknown or the port is taken.
    """
    made = bound(host, port)
    try:
        made.listen(backlog)
    except OSError as error:
        made.close()
        raise click.ClickException(_why_not(host, port, error)) from error
    return made


def listeners(address: str, port: int, number: int, backlog: int) -> list[socket.socket]:
    """Return sockets at one address, among which Linux deals the connections evenly.

    Where the kernel does not deal them, as on macOS, it is one socket.

    Args:
        address: a numeric address.
        port: at that address.
        number: of sockets.
        backlog: connections that may wait at each.

    Raises:
        click.ClickException: one line, when the port is taken.
    """
    # The first is bound without SO_REUSEPORT: under it a second service would start without
    # complaint and take half of the requests. Only then may the others join.
    sockets = [listener(address, port, backlog)]
    if sys.platform == "linux":
        first = sockets[0]
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        while len(sockets) < number:
            another = _bound(first.family, first.getsockname(), joins=True)
            another.listen(backlog)
            sockets.append(another)
    return sockets


def _bound(family: int, place: tuple[Any, ...], *, joins: bool = False) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Without this a port would count as taken for a minute after its last connection.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Small answers go out at once; what is accepted has this from the socket that listens.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if family == socket.AF_INET6 and socket.has_dualstack_ipv6():
            # All addresses, where that is what is asked for: those of IPv4 as well.
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if joins:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(place)
    except OSError:
        made.close()
        raise
    return made


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken by another program; choose another with --port"
    return f"cannot listen on {host}, port {port}: {error.strerror}"
