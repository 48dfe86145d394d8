"""What of the accounts is deleted once it is over, and how long after."""

from typing import Protocol

_DAY = 86_400.0

#: Seconds for which a message stays that was sent or given up, so that one can see what became
#: of it; what it said is gone already.
MAIL_KEPT = 7 * _DAY

#: Seconds for which a token for programs stays that was revoked or has expired, so that its owner
#: can see what became of it.
MACHINE_TOKENS_KEPT = 30 * _DAY


class CleanupStore(Protocol):
    """Deletes what is over: codes, counted tries, messages, tokens for programs."""

    def purge(self, now: float, limit: int) -> int:
        """Delete up to ``limit`` of each.

        Returns:
            How many were deleted; 0 means that nothing is left to delete.
        """
