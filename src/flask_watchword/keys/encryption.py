"""Seal what a database keeps but must not be able to read: under a key that is not in it."""

import hashlib
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

#: A master key is one for AES-256.
KEY_BYTES = 32

# What a sealed value begins with: its form, then which key sealed it, then the nonce.
_FORM = b"\x01"
_NAME_BYTES = 8
_NONCE_BYTES = 12
_HEAD_BYTES = len(_FORM) + _NAME_BYTES + _NONCE_BYTES


class DecryptionFailed(Exception):
    """A sealed value that these keys do not open: another key, another place, or altered."""


class Encryptor:
    """Seals and opens with AES-256-GCM (NIST SP 800-38D).

    Nonces are random: with 96 bits of them one key may seal 2**32 values (section 8.3), which
    neither keys nor users nor messages come near.

    Args:
        keys: of 32 bytes each. The first seals; all open, so that a master key can be exchanged
            while what the old one sealed is still there.

    Raises:
        ValueError: when there is no key, or one of another length.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"a master key has {KEY_BYTES} bytes")
        self._ciphers = {_name_of(key): AESGCM(key) for key in keys}
        self._current = _name_of(keys[0])

    def seal(self, plain: bytes, context: str) -> bytes:
        """Return ``plain`` so that only these keys read it, and only under the same context.

        Args:
            plain: what to hide.
            context: what it belongs to, ``totp:<user id>`` say. It is not hidden, and is needed
                to open: a value that is copied to another row opens nowhere.
        """
        head = _FORM + self._current + secrets.token_bytes(_NONCE_BYTES)
        nonce = head[-_NONCE_BYTES:]
        return head + self._ciphers[self._current].encrypt(nonce, plain, _bound(head, context))

    def open(self, sealed: bytes, context: str) -> bytes:
        """Return what was sealed under this context.

        Raises:
            DecryptionFailed: when another key or context was used, or the value was altered.
        """
        head, hidden = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        cipher = self._ciphers.get(_key_name(sealed))
        if cipher is None or not head.startswith(_FORM):
            raise DecryptionFailed(f"{context} was sealed under another master key")
        try:
            return cipher.decrypt(head[-_NONCE_BYTES:], hidden, _bound(head, context))
        except InvalidTag as error:
            raise DecryptionFailed(f"{context} was altered, or sealed for another place") from error

    @property
    def head(self) -> bytes:
        """Return what every value begins with that the first key sealed, and no other."""
        return _FORM + self._current

    def has_key_of(self, sealed: bytes) -> bool:
        """Tell whether one of the keys sealed this, by what it begins with; it is not opened."""
        return sealed.startswith(_FORM) and _key_name(sealed) in self._ciphers

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether the first key sealed this; otherwise it should be sealed anew."""
        return _key_name(sealed) == self._current


def _key_name(sealed: bytes) -> bytes:
    return sealed[len(_FORM) : len(_FORM) + _NAME_BYTES]


def _bound(head: bytes, context: str) -> bytes:
    return head + context.encode("utf-8", "surrogatepass")


def _name_of(key: bytes) -> bytes:
    # Of its own purpose, so that the name says nothing about the key to whoever guesses at it:
    # there are 2**256 keys to try.
    return hashlib.sha256(b"watchword master key\0" + key).digest()[:_NAME_BYTES]
