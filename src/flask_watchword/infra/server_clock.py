"""Deadlines by the clock of a server, estimated from what it reported before.

A command whose client has stopped waiting may stay in the buffer of a frozen server and be executed
when the server continues, long after the client reported that the store does not answer. So a
command that must not be executed late carries a deadline. It is by the server's own clock, so that
no two clocks have to agree.
"""

import time

#: Seconds for which an estimate is used; in that time the two clocks drift apart by little.
_VALID_SECONDS = 60.0


class ServerClock:
    """Calculates until when a command that is sent now may be executed.

    All callers of one server share it. It has no lock: the latest estimate is used.

    Args:
        timeout: seconds for which a client waits for an answer.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._offset = 0.0
        self._valid_until: float | None = None

    def deadline(self) -> float | None:
        """Return the deadline in seconds by the server's clock; ``None`` without an estimate."""
        now = time.monotonic()
        valid_until = self._valid_until
        if valid_until is None or now >= valid_until:
            return None
        return now + self._offset + self._timeout

    def update(self, server_time: float) -> float:
        """Set the estimate from the server's time in an answer that has just arrived.

        The answer took some time to arrive, so deadlines are too early by that time, never too
        late.

        Args:
            server_time: seconds by the server's clock.

        Returns:
            The deadline of a command that is sent now.
        """
        now = time.monotonic()
        self._offset = server_time - now
        self._valid_until = now + _VALID_SECONDS
        return server_time + self._timeout
