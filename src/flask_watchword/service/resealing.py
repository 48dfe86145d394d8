"""Exchanging the master key: everything that is kept under it is sealed under the new one."""

from flask_watchword.accounts.resealing import Resealed
from flask_watchword.accounts.unit_of_work import AccountStores
from flask_watchword.keys.keeper import KeyKeeper


def reseal_all(keeper: KeyKeeper, accounts: AccountStores) -> Resealed:
    """Seal keys, secrets of authenticators and mail under the first master key.

    To do it again does no harm, and is what to do when it was interrupted.

    Raises:
        SealBroken: when a signing key is under a master key that is not there.
        StoreUnavailable: when a store does not answer; what was done by then counts.
    """
    # The keys first: where they cannot be opened nothing is changed.
    keys = keeper.reseal()
    parts = (accounts.totp.reseal(), accounts.outbox.reseal())
    return Resealed(
        done=keys + sum(part.done for part in parts),
        unreadable=sum(part.unreadable for part in parts),
    )
