"""Exchanging the master key: everything that is kept under it is sealed under the new one."""

from flask_watchword.accounts.reencryption import ReencryptionResult
from flask_watchword.accounts.transaction import AccountStores
from flask_watchword.keys.manager import KeyManager


def reencrypt_all(manager: KeyManager, accounts: AccountStores) -> ReencryptionResult:
    """Seal keys, secrets of authenticators and mail under the first master key.

    To do it again does no harm, and is what to do when it was interrupted.

    Raises:
        SealBroken: when a signing key is under a master key that is not there.
        StoreUnavailable: when a store does not answer; what was done by then counts.
    """
    # The keys first: where they cannot be opened nothing is changed.
    keys = manager.reencrypt()
    parts = (accounts.totp.reseal(), accounts.outbox.reseal())
    return ReencryptionResult(
        done=keys + sum(part.done for part in parts),
        unreadable=sum(part.unreadable for part in parts),
    )
