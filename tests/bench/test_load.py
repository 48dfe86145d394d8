"""The client of the benchmark verifies every response."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from bench.load import Order, Report, _carry_out


@pytest.fixture
def port() -> Iterator[int]:
    """A server that counts: each response has the next token; `/refuse` responds with 401."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=_accept, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]


def _accept(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    with connection:
        while request := connection.recv(65_536):
            number = int(request.partition(b"Bearer ")[2].partition(b"\r\n")[0])
            path = request.split()[1]
            if path == b"/same":
                number -= 1
            body = b'{"refresh_token":"%d"}' % (number + 1)
            status = b"401 Unauthorized" if path == b"/refuse" else b"200 OK"
            head = b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
            connection.sendall(head)
            connection.sendall(body)


def order(port: int, path: str, count: int = 10) -> Order:
    return Order(port, "POST", path, ["0", "100", "200"], 3, count, rotates=True)


def carry_out(port: int, path: str) -> Report:
    return _carry_out(order(port, path))


def test_every_request_gets_a_response_and_tokens_advance(port: int) -> None:
    report = carry_out(port, "/refresh")
    assert sum(int(token) for token in report.tokens) == 300 + 3 + 10
    assert report.seconds > 0


@pytest.mark.parametrize(
    ("path", "complaint"), [("/refuse", "401"), ("/same", "the same token came back")]
)
def test_wrong_response_ends_the_run(port: int, path: str, complaint: str) -> None:
    with pytest.raises(RuntimeError, match=complaint):
        carry_out(port, path)
