import socket
from collections.abc import Iterator
from contextlib import ExitStack

import click
import pytest

from flask_watchword.cli.serving.listeners import listening_socket, listening_sockets

BACKLOG = 1024


@pytest.fixture
def three() -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        made = listening_sockets("127.0.0.1", 0, 3, BACKLOG)
        for one in made:
            one.setblocking(False)
            stack.enter_context(one)
        yield made


def test_connections_are_distributed_evenly(three: list[socket.socket]) -> None:
    with ExitStack() as stack:
        for _ in range(600):
            stack.enter_context(socket.create_connection(three[0].getsockname()))
        taken = [number_taken(one) for one in three]
    assert sum(taken) == 600
    # The expected number is 200 each; fewer than 100 happens once in some 10^17 runs.
    assert min(taken) > 100


def number_taken(one: socket.socket) -> int:
    number = 0
    while True:
        try:
            one.accept()[0].close()
        except BlockingIOError:
            return number
        number += 1


def test_no_other_process_can_listen_on_the_port(three: list[socket.socket]) -> None:
    port = three[0].getsockname()[1]
    with pytest.raises(click.ClickException, match=f"port {port} on 127.0.0.1 is in use"):
        listening_socket("127.0.0.1", port, BACKLOG)
    with pytest.raises(click.ClickException, match=f"port {port} on 127.0.0.1 is in use"):
        listening_sockets("127.0.0.1", port, 3, BACKLOG)


def test_port_of_sockets_that_allow_sharing_counts_as_taken() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(click.ClickException, match="is in use"):
            listening_sockets("127.0.0.1", taken.getsockname()[1], 3, BACKLOG)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_all_ipv6_addresses_include_those_of_ipv4() -> None:
    with listening_socket("::", 0, BACKLOG) as one:
        socket.create_connection(("127.0.0.1", one.getsockname()[1])).close()
