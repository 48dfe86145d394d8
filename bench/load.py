"""A client that sends requests at a server's speed, in its own process: `python -m bench.load`.

It reads orders from standard input and writes one line for each; both are JSON. It does as little
as possible with a response: if it were slower than the server, all servers would look alike.
"""

import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import msgspec


class Order(msgspec.Struct):
    """A number of requests to a server, over one connection per token.

    Attributes:
        lead: requests at the start that are not timed.
        rotates: whether each response has the token for the next request of its connection.
    """

    port: int
    method: str
    path: str
    tokens: list[str]
    lead: int
    count: int
    rotates: bool


class Report(msgspec.Struct):
    """The result of an order.

    Attributes:
        seconds: its duration.
        p99: milliseconds within which 99 of 100 responses arrived.
        tokens: the token for each connection's next request.
    """

    seconds: float
    p99: float
    tokens: list[str]


class Load:
    """The client process, as used by the benchmark."""

    def __init__(self, orders: IO[bytes], reports: IO[bytes]) -> None:
        self._orders, self._reports = orders, reports

    def send(self, order: Order) -> Report:
        """Execute an order; raise `RuntimeError` if a response was not 200."""
        self._orders.write(msgspec.json.encode(order) + b"\n")
        self._orders.flush()
        line = self._reports.readline()
        if not line:
            raise RuntimeError(f"the client gave up on {order.method} {order.path}")
        return msgspec.json.decode(line, type=Report)


@contextmanager
def loading() -> Iterator[Load]:
    """Yield a client; it ends when its standard input is closed."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the client was started without pipes")
        yield Load(process.stdin, process.stdout)


class _Connection:
    """One persistent connection, with one request at a time."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fileno(self) -> int:
        """Return the file descriptor, for a selector."""
        return self._socket.fileno()

    def send(self, order: Order, token: str) -> None:
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        body = "Content-Length: 0\r\n" if order.method == "POST" else ""
        head = f"{order.method} {order.path} HTTP/1.1\r\nHost: localhost\r\n"
        self._socket.sendall(f"{head}{authorization}{body}\r\n".encode())

    def receive(self) -> bytes:
        """Return the body of a 200."""
        received = self._socket.recv(65_536)
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(received.decode("utf-8", "replace"))
        _, _, rest = head.lower().partition(b"content-length:")
        length = int(rest.partition(b"\r\n")[0])
        while len(body) < length:
            body += self._more()
        return body

    def _more(self) -> bytes:
        more = self._socket.recv(65_536)
        if not more:
            raise RuntimeError("the server has hung up")
        return more


class _Connections:
    """The persistent connections to a server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._all: list[_Connection] = []
        self._ready = selectors.DefaultSelector()

    def open(self, number: int) -> None:
        """Open connections until there are this many."""
        while len(self._all) < number:
            connection = _Connection(self._port)
            self._ready.register(connection, selectors.EVENT_READ, len(self._all))
            self._all.append(connection)

    def ask(self, order: Order, tokens: list[str], count: int) -> list[float]:
        """Keep a request in progress on every connection until there are that many responses.

        Returns:
            the seconds that each response took.
        """
        sent, taken = [0.0] * len(tokens), []

        def send(place: int) -> None:
            sent[place] = time.perf_counter()
            self._all[place].send(order, tokens[place])

        for place in range(len(tokens)):
            send(place)
        under_way, left = len(tokens), count - len(tokens)
        while under_way:
            for key, _ in self._ready.select():
                place = key.data
                body = self._all[place].receive()
                taken.append(time.perf_counter() - sent[place])
                under_way -= 1
                if order.rotates:
                    tokens[place] = _next_token(body, tokens[place])
                if left > 0:
                    send(place)
                    left -= 1
                    under_way += 1
        return taken


_kept: dict[int, _Connections] = {}


def _carry_out(order: Order) -> Report:
    connections = _kept.setdefault(order.port, _Connections(order.port))
    connections.open(len(order.tokens))
    tokens = order.tokens
    connections.ask(order, tokens, order.lead)
    start = time.perf_counter()
    taken = connections.ask(order, tokens, order.count)
    seconds = time.perf_counter() - start
    return Report(seconds, 1_000 * sorted(taken)[len(taken) * 99 // 100], tokens)


def _next_token(body: bytes, spent: str) -> str:
    _, _, rest = body.partition(b'"refresh_token":')
    token = rest.split(b'"', 2)[1].decode()
    if token == spent:
        raise RuntimeError("the same token came back")
    return token


if __name__ == "__main__":
    for line in sys.stdin.buffer:
        print(
            msgspec.json.encode(_carry_out(msgspec.json.decode(line, type=Order))).decode(),
            flush=True,
        )
