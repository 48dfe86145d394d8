"""Rotate the master key: re-encrypt all values with the new one."""

from flask_watchword.accounts.reencryption import ReencryptionResult
from flask_watchword.accounts.transaction import Repositories
from flask_watchword.keys.manager import KeyManager


def reencrypt_all(manager: KeyManager, accounts: Repositories) -> ReencryptionResult:
    """Encrypt signing keys, TOTP secrets and queued e-mail with the first master key.

    Idempotent. Repeat it if it was interrupted.

    Raises:
        DecryptionFailed: when a signing key is under a master key that is not there.
        StoreUnavailable: if a store does not respond; completed values stay re-encrypted.
    """
    # The keys first: if they cannot be decrypted, nothing is changed.
    keys = manager.reencrypt()
    parts = [accounts.outbox.reencrypt()]
    parts += [repository.reencrypt() for repository in accounts.of_features.values()]
    return ReencryptionResult(
        done=keys + sum(part.done for part in parts),
        unreadable=sum(part.unreadable for part in parts),
    )
