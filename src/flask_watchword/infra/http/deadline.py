"""Bounds for a whole conversation: a server that sends a byte now and then, or no end of them.

A socket's own timeout starts anew with each byte, so it is set to what is left before each step.
"""

import io
import socket
from typing import Any

from flask_watchword.clock import Clock


class Deadline:
    """A moment by which something has to be done.

    Args:
        seconds: how much time there is from now on.
        elapsed: a clock in seconds that nobody sets back.
    """

    def __init__(self, seconds: float, elapsed: Clock) -> None:
        self._seconds = seconds
        self._elapsed = elapsed
        self._end = elapsed() + seconds

    def left(self) -> float:
        """Return the seconds that are left, more than none.

        Raises:
            TimeoutError: when there are none.
        """
        left = self._end - self._elapsed()
        if left <= 0:
            raise TimeoutError(f"took longer than {self._seconds:g} seconds")
        return left


class TimedSocket:
    """As much of a socket as ``http.client`` uses, under a deadline.

    Args:
        sock: the socket.
        deadline: by when everything has to be said.
        max_bytes: as much is read of it, and no more: what an answer is wrapped in counts too.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline, max_bytes: int) -> None:
        self._sock = sock
        self._deadline = deadline
        self._max_bytes = max_bytes

    def sendall(self, data: Any) -> None:
        """Send all of some bytes."""
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return a file to read from."""
        return io.BufferedReader(_TimedReader(self._sock, self._deadline, self._max_bytes))

    def close(self) -> None:
        """Leave it open: ``http.client`` closes it before an answer without a length is read."""

    def hang_up(self) -> None:
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
