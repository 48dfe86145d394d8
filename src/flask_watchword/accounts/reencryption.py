"""The result of re-encrypting values with another master key."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReencryptionResult:
    """The numbers of re-encrypted and of unreadable values.

    Attributes:
        done: values that are now encrypted with the first master key, and were not before.
        unreadable: values that none of the master keys decrypts; they are left unchanged.
    """

    done: int = 0
    unreadable: int = 0
