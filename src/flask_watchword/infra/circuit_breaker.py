"""Circuit breaker: while a server does not answer, one call at a time probes it; others fail fast.

Without it every request would wait for the full timeout of a server that is known to be down.
"""

import time

#: Seconds between the timeout of one call and the next probe.
_PAUSE = 0.25


class CircuitBreaker:
    """Whether calls to a server are made or fail at once.

    All callers of one server share it. It has no lock: callers that race send one more probe.

    Args:
        timeout: seconds after which a call stops waiting for an answer.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._open_until: float | None = None

    def record_timeout(self) -> None:
        """Open the circuit: the server did not answer in time."""
        self._open_until = time.monotonic() + _PAUSE

    def record_answer(self) -> None:
        """Close the circuit: the server has answered."""
        self._open_until = None

    def is_open(self) -> bool:
        """Return whether a call has to fail at once.

        The first caller after the pause gets ``False`` and is the probe.
        """
        open_until = self._open_until
        if open_until is None:
            return False
        now = time.monotonic()
        if now < open_until:
            return True
        self._open_until = now + self.timeout
        return False
