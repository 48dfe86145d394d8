"""Limit the share of each client in a process's password hashing, so that none can use all of it.

A rate limit does not prevent that: a right password may be used often, and 40 connections that log
in to one account at once would fill the queue in which every login waits for a core.

An account has a share per address, and no global one: otherwise connections from other addresses
with wrong passwords, or that a rate limit rejects, would use up the owner's share.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from flask_watchword.accounts.client_addresses import address_block, routed_network
from flask_watchword.accounts.rate_limits import TooManyAttempts
from flask_watchword.locks import process_lock

#: Divisors of the hasher's capacity: half of it for one address, a quarter for one account at that
#: address.
_ADDRESS_SHARE = 2
_ACCOUNT_SHARE = 4
#: Two browser windows of one user, even with a single core.
_MIN_SLOTS = 2

#: Seconds after which a slot is usually free again.
_RETRY_SECONDS = 1.0


class HashShares:
    """Count the hashing requests of each client in this process.

    Args:
        capacity: returns the maximum number of requests that hash or wait.
    """

    def __init__(self, capacity: Callable[[], int]) -> None:
        self._capacity = capacity
        self._lock = process_lock()
        self._used: Counter[str] = Counter()

    @contextlib.contextmanager
    def slot(self, address: str, account: str | None) -> Iterator[None]:
        """Reserve a slot for a request until it has been processed.

        Args:
            address: the client's address.
            account: whose password is verified; ``None`` if that is not known yet.

        Raises:
            TooManyAttempts: if the client has used up its share.
        """
        shares = self._shares(address, account)
        with self._lock():
            if any(self._used[key] >= limit for key, limit in shares.items()):
                raise TooManyAttempts(_RETRY_SECONDS)
            self._used.update(shares.keys())
        try:
            yield
        finally:
            with self._lock():
                self._used.subtract(shares.keys())
                for key in shares:
                    if not self._used[key]:
                        del self._used[key]

    def _shares(self, address: str, account: str | None) -> Mapping[str, int]:
        capacity, block = self._capacity(), address_block(address)
        for_address = max(_MIN_SLOTS, capacity // _ADDRESS_SHARE)
        shares = {f"address {block}": for_address}
        network = routed_network(address)
        if network is not None:
            shares[f"network {network}"] = for_address
        if account is not None:
            shares[f"account {block} {account}"] = max(_MIN_SLOTS, capacity // _ACCOUNT_SHARE)
        return shares
