"""The protocol for signing keys that change while the application runs."""

from collections.abc import Sequence
from typing import Protocol

from flask_watchword.jose import Key


class KeyProvider(Protocol):
    """A live keyring, for example one in a database.

    It is set as ``AppState.key_provider`` and used when the application has no key loaders. After
    its keys have changed it calls ``AppState.keys_changed()``, which discards the tokens that were
    cached under the old keys.

    Its methods raise ``StoreUnavailable``, which does not reject the token, when the store does not
    respond.
    """

    def signing_key(self) -> Key:
        """Return the key that signs now. Called for each new token."""

    def verifying_keys(self) -> Sequence[Key]:
        """Return the keys that verify now. Called when a decoder is made, not for each token."""

    def refresh(self, kid: str) -> bool:
        """Look for an unknown key, and return whether the keys have changed.

        The client chooses the ``kid``, and sending unknown ones costs it nothing. An implementation
        must therefore limit how often it does any work.
        """
