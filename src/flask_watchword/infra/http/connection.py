"""Connect to an allowed IP address of a host, within a total time limit."""

import socket
from collections.abc import Callable

from flask_watchword.infra.http.deadline import Deadline
from flask_watchword.infra.http.url import Url, check_ip

#: Time limit in seconds for connecting to one IP address, within the total limit.
CONNECT_SECONDS = 3.0


def connect(url: Url, deadline: Deadline) -> socket.socket:
    """Connect to the first IP address of a host that answers.

    Each address is checked and then used, without resolving the name again. So a name that resolves
    to another address later (DNS rebinding) does not bypass the check.

    Raises:
        UrlNotAllowed: when the name resolves to an address that is not allowed.
        OSError: when no address answers in time.
    """
    return connect_to(url.host, url.port, deadline, lambda ip: check_ip(url, ip))


def connect_to(
    host: str, port: int, deadline: Deadline, check: Callable[[str], None] = lambda _ip: None
) -> socket.socket:
    """Connect to the first IP address of a host that answers.

    Args:
        host: name or IP address.
        port: port.
        deadline: time limit for connecting.
        check: raises for an IP address that is not allowed.

    Raises:
        OSError: when no address answers in time.
    """
    failure = OSError("its name does not resolve")
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, address in found:
        check(str(address[0]))
        seconds = min(CONNECT_SECONDS, deadline.left())
        try:
            return _connected(socket.socket(family, kind, protocol), address, seconds)
        except OSError as error:
            failure = error
    raise failure


def _connected(sock: socket.socket, address: object, seconds: float) -> socket.socket:
    try:
        sock.settimeout(seconds)
        sock.connect(address)  # type: ignore[arg-type]
    except BaseException:
        sock.close()
        raise
    return sock
