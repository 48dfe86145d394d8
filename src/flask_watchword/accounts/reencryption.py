"""What sealing anew under another master key came to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReencryptionResult:
    """How many values are sealed under the first master key now that were not before.

    Attributes:
        done: those.
        unreadable: those that none of the master keys opens, which are left as they are.
    """

    done: int = 0
    unreadable: int = 0
