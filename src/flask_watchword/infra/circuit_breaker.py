"""A server that says nothing: one waits for it now and then, and not everybody all the time."""

import time

#: Seconds that a silent server is left alone before somebody asks again.
_PAUSE = 0.25


class CircuitBreaker:
    """Whether a server has stopped answering.

    Shared by all who ask one server. There is no lock: who races asks once more.

    Args:
        bound: seconds after which an answer is waited for no more.
    """

    def __init__(self, bound: float) -> None:
        self.bound = bound
        self._until: float | None = None

    def begin(self) -> None:
        """Take note that there was no answer in time."""
        self._until = time.monotonic() + _PAUSE

    def end(self) -> None:
        """Take note of an answer."""
        self._until = None

    def lasts(self) -> bool:
        """Tell whether it is vain to ask; once the pause is over the first who looks may ask."""
        until = self._until
        if until is None:
            return False
        now = time.monotonic()
        if now < until:
            return True
        self._until = now + self.bound
        return False
