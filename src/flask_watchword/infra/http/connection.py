"""Connect to a host: to such of its numbers as may be asked, and for so long in all."""

import socket
from collections.abc import Callable

from flask_watchword.infra.http.address import Address, check_number
from flask_watchword.infra.http.deadline import Deadline

#: Seconds that connecting to one number may take, as a part of all.
CONNECT_SECONDS = 3.0


def connect(address: Address, deadline: Deadline) -> socket.socket:
    """Connect to the first number of a host that answers.

    Each number is looked at right before it is connected to: a name that leads elsewhere the next
    time it is asked for gains nothing by that.

    Raises:
        BadAddress: when the name leads where it must not.
        OSError: when none answers in time.
    """
    return connect_to(
        address.host, address.port, deadline, lambda number: check_number(address, number)
    )


def connect_to(
    host: str, port: int, deadline: Deadline, check: Callable[[str], None] = lambda _number: None
) -> socket.socket:
    """Connect to the first number of a host that answers.

    Args:
        host: its name or number.
        port: its port.
        deadline: by when it has to be connected.
        check: raises for a number that must not be connected to.

    Raises:
        OSError: when none answers in time.
    """
    failure = OSError("its name leads nowhere")
    for family, kind, protocol, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        check(str(place[0]))
        seconds = min(CONNECT_SECONDS, deadline.left())
        try:
            return _connected(socket.socket(family, kind, protocol), place, seconds)
        except OSError as error:
            failure = error
    raise failure


def _connected(sock: socket.socket, place: object, seconds: float) -> socket.socket:
    try:
        sock.settimeout(seconds)
        sock.connect(place)  # type: ignore[arg-type]
    except BaseException:
        sock.close()
        raise
    return sock
