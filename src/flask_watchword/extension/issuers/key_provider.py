"""What the extension needs of keys that change while the application runs."""

from collections.abc import Sequence
from typing import Protocol

from flask_watchword.jose import Key


class KeyProvider(Protocol):
    """A keyring that lives: in a database, or wherever keys are rotated.

    It is set as ``AppState.key_provider`` and used where the application has no key loaders. After
    its keys have changed it calls ``AppState.keys_changed()``, which discards the tokens that were
    cached under the old keys.

    What it raises is no refusal: a store that does not answer raises ``StoreUnavailable``.
    """

    def signing_key(self) -> Key:
        """Return the key that signs now. Asked for each new token."""

    def verifying_keys(self) -> Sequence[Key]:
        """Return the keys that verify now. Asked when a decoder is made, not for each token."""

    def refresh(self, kid: str) -> bool:
        """Look for a key that is not known yet, and return whether the keys have changed.

        The ``kid`` is a client's to choose, and a flood of new ones costs nothing to send: it may
        lead to work at most once in a while.
        """
