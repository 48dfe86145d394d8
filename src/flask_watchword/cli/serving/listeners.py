"""The listening sockets of the service."""

import errno
import socket
import sys
from typing import Any

import click


def bind_socket(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to a free port but does not listen yet.

    Args:
        host: a name or an address.
        port: the port at that address.

    Raises:
        click.ClickException: if the host is unknown or the port is in use; one line.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise click.ClickException(f"cannot listen on {host}: no such address") from error
    family, _, _, _, address = found[0]
    try:
        return _bind(family, address)
    except OSError as error:
        raise click.ClickException(_reason(host, port, error)) from error


def listening_socket(host: str, port: int, backlog: int) -> socket.socket:
    """Return a socket that listens on a free port.

    Args:
        host: a name or an address.
        port: the port at that address.
        backlog: connections that may wait to be accepted.

    Raises:
        click.ClickException: if the host is unknown or the port is in use; one line.
    """
    created = bind_socket(host, port)
    try:
        created.listen(backlog)
    except OSError as error:
        created.close()
        raise click.ClickException(_reason(host, port, error)) from error
    return created


def listening_sockets(address: str, port: int, number: int, backlog: int) -> list[socket.socket]:
    """Return sockets on one address among which Linux balances new connections.

    Where the kernel does not balance them, as on macOS, there is one socket.

    Args:
        address: a numeric address.
        port: the port at that address.
        number: number of sockets.
        backlog: connections that may wait at each socket.

    Raises:
        click.ClickException: if the port is in use; one line.
    """
    # The first is bound without SO_REUSEPORT: with it a second service would start without an
    # error and get half of the requests. Only after that may the others share the port.
    sockets = [listening_socket(address, port, backlog)]
    if sys.platform == "linux":
        first = sockets[0]
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        while len(sockets) < number:
            another = _bind(first.family, first.getsockname(), reuse_port=True)
            another.listen(backlog)
            sockets.append(another)
    return sockets


def _bind(family: int, address: tuple[Any, ...], *, reuse_port: bool = False) -> socket.socket:
    created = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Without this the port would count as used for a minute after its last connection.
        created.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Send small responses at once; accepted sockets inherit this from the listening one.
        created.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if family == socket.AF_INET6 and socket.has_dualstack_ipv6():
            # "::" means all addresses, including IPv4.
            created.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if reuse_port:
            created.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        created.bind(address)
    except OSError:
        created.close()
        raise
    return created


def _reason(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use by another program; choose another with --port"
    return f"cannot listen on {host}, port {port}: {error.strerror}"
