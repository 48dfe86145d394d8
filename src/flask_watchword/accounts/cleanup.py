"""The protocol that deletes expired rows of accounts, and their retention periods."""

from typing import Protocol

_DAY = 86_400.0

#: Seconds for which a message is kept after it was sent or has failed, so that its outcome can be
#: looked up; its body is deleted at once.
MAIL_RETENTION = 7 * _DAY

#: Seconds for which an API token is kept after it was revoked or has expired, so that its owner can
#: look it up.
API_TOKEN_RETENTION = 30 * _DAY


class CleanupStore(Protocol):
    """Deletes expired rows: one-time codes, rate limit counters, messages, API tokens."""

    def purge(self, now: float, limit: int) -> int:
        """Delete up to ``limit`` rows of each kind.

        Returns:
            The number of deleted rows; 0 if nothing is left to delete.
        """
