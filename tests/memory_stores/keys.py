"""A key store in memory, for tests."""

from dataclasses import replace

from flask_watchword.keys.store import StoredKeyring
from flask_watchword.locks import process_lock


class MemoryKeyStore:
    """A key store that is lost when the process ends; one lock makes the swap atomic."""

    def __init__(self) -> None:
        self._keyring = StoredKeyring()
        self._lock = process_lock()

    def version(self) -> int:
        """Return the version of the keyring."""
        return self._keyring.version

    def load(self) -> StoredKeyring:
        """Return the keyring."""
        return self._keyring

    def swap(self, keyring: StoredKeyring) -> bool:
        """Replace the keyring if the stored one has the expected version; return whether it did."""
        with self._lock():
            if keyring.version != self._keyring.version:
                return False
            self._keyring = replace(keyring, version=keyring.version + 1)
            return True
