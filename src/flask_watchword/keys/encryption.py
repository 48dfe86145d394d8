"""Encrypt what a database stores and must not be able to read, with a key outside the database."""

import hashlib
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

#: Length of a master key: AES-256.
KEY_BYTES = 32

# An encrypted value is: format version, key id, nonce, ciphertext with its tag.
_FORMAT = b"\x01"
_KEY_ID_BYTES = 8
_NONCE_BYTES = 12
_HEADER_BYTES = len(_FORMAT) + _KEY_ID_BYTES + _NONCE_BYTES


class DecryptionFailed(Exception):
    """These keys cannot decrypt the value: wrong key, wrong context, or altered ciphertext."""


class Encryptor:
    """Encrypt and decrypt with AES-256-GCM (NIST SP 800-38D).

    Nonces are random: with 96-bit nonces one key may encrypt 2**32 values (section 8.3), far more
    than the number of keys, users and messages of a database.

    Args:
        keys: master keys of 32 bytes each. The first one encrypts; all of them decrypt, so that a
            master key can be replaced while values encrypted with the old one still exist.

    Raises:
        ValueError: when there is no key, or one has another length.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"a master key has {KEY_BYTES} bytes")
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self._current = _key_id(keys[0])

    def encrypt(self, plaintext: bytes, context: str) -> bytes:
        """Encrypt with the first key, bound to a context.

        Args:
            plaintext: what to encrypt.
            context: what the value belongs to, such as ``totp:<user id>``. It is authenticated,
                not encrypted, and required for decryption: a value copied to another row does not
                decrypt there.
        """
        header = _FORMAT + self._current + secrets.token_bytes(_NONCE_BYTES)
        nonce = header[-_NONCE_BYTES:]
        cipher = self._ciphers[self._current]
        return header + cipher.encrypt(nonce, plaintext, _associated_data(header, context))

    def decrypt(self, encrypted: bytes, context: str) -> bytes:
        """Decrypt a value that was encrypted for this context.

        Raises:
            DecryptionFailed: when another key or context was used, or the value was altered.
        """
        header, ciphertext = encrypted[:_HEADER_BYTES], encrypted[_HEADER_BYTES:]
        cipher = self._ciphers.get(_key_id_of(encrypted))
        if cipher is None or not header.startswith(_FORMAT):
            raise DecryptionFailed(f"{context} was encrypted with another master key")
        try:
            return cipher.decrypt(
                header[-_NONCE_BYTES:], ciphertext, _associated_data(header, context)
            )
        except InvalidTag as error:
            raise DecryptionFailed(
                f"{context} was altered, or encrypted for another context"
            ) from error

    @property
    def current_prefix(self) -> bytes:
        """The bytes that every value encrypted with the first key begins with, and no other."""
        return _FORMAT + self._current

    def can_decrypt(self, encrypted: bytes) -> bool:
        """Tell from a value's key id whether one of the keys encrypted it; nothing is decrypted."""
        return encrypted.startswith(_FORMAT) and _key_id_of(encrypted) in self._ciphers

    def is_under_current_key(self, encrypted: bytes) -> bool:
        """Tell whether the first key encrypted this value; if not, it should be re-encrypted."""
        return _key_id_of(encrypted) == self._current


def _key_id_of(encrypted: bytes) -> bytes:
    return encrypted[len(_FORMAT) : len(_FORMAT) + _KEY_ID_BYTES]


def _associated_data(header: bytes, context: str) -> bytes:
    return header + context.encode("utf-8", "surrogatepass")


def _key_id(key: bytes) -> bytes:
    # A hash with a label of its own. It does not help to guess the key, which is one of 2**256.
    return hashlib.sha256(b"watchword master key\0" + key).digest()[:_KEY_ID_BYTES]
