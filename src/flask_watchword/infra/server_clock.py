"""What a server's clock shows, told from its own word of a while ago.

A command whose answer is waited for no more may lie in the buffer of a server that is frozen, and
be carried out when that goes on, long after its client was told that the store does not answer. So
what must not happen late carries a deadline, by the server's own clock: no two have to agree.
"""

import time

#: Seconds for which a server's word about its clock is good; it runs from ours by little meanwhile.
_GOOD_FOR = 60.0


class ServerClock:
    """Says until when a command that is sent now may be carried out.

    Shared by all who ask one server. There is no lock: the word that comes last stands.

    Args:
        patience: seconds for which an answer is waited for.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._ahead = 0.0
        self._good_until: float | None = None

    def deadline(self) -> float | None:
        """Return the moment in seconds by the server's clock; ``None`` while that is unknown."""
        now = time.monotonic()
        good_until = self._good_until
        if good_until is None or now >= good_until:
            return None
        return now + self._ahead + self._patience

    def learn(self, shown: float) -> float:
        """Take note of what the clock showed, in seconds, in an answer that has just arrived.

        It was on its way meanwhile, so deadlines come too early by that, and never too late.

        Returns:
            The deadline of a command that is sent now.
        """
        now = time.monotonic()
        self._ahead = shown - now
        self._good_until = now + _GOOD_FOR
        return shown + self._patience
