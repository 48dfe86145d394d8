"""A time limit and a size limit for a whole exchange, for servers that send slowly or endlessly.

The timeout of a socket starts again with each byte, so it is set to the remaining time before each
step.
"""

import io
import socket
from typing import Any

from flask_watchword.clock import Clock


class Deadline:
    """A time limit.

    Args:
        seconds: time limit from now on.
        elapsed: monotonic clock in seconds.
    """

    def __init__(self, seconds: float, elapsed: Clock) -> None:
        self._seconds = seconds
        self._elapsed = elapsed
        self._end = elapsed() + seconds

    def left(self) -> float:
        """Return the remaining seconds, more than 0.

        Raises:
            TimeoutError: when none remain.
        """
        left = self._end - self._elapsed()
        if left <= 0:
            raise TimeoutError(f"took longer than {self._seconds:g} seconds")
        return left


class TimedSocket:
    """The part of a socket that ``http.client`` uses, with a deadline and a size limit.

    Args:
        sock: the socket.
        deadline: time limit for the whole exchange.
        max_bytes: the most bytes to read, headers and transfer encoding included.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline, max_bytes: int) -> None:
        self._sock = sock
        self._deadline = deadline
        self._max_bytes = max_bytes

    def sendall(self, data: Any) -> None:
        """Send all bytes."""
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return a file object to read from."""
        return io.BufferedReader(_TimedReader(self._sock, self._deadline, self._max_bytes))

    def close(self) -> None:
        """Do nothing: ``http.client`` closes it before it has read a response without a length."""

    def close_socket(self) -> None:
        """Close the socket."""
        self._sock.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline, max_bytes: int) -> None:
        self._sock = sock
        self._deadline = deadline
        self._left = max_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.left())
        count = self._sock.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise OSError("answered with too many bytes around what was asked for")
        return count
