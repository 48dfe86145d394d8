"""Share the password hashing of a process among clients, so that one of them cannot take all of it.

A rate limit does not prevent that: a right password may be used often, and 40 connections that log
in to one account at once would fill the queue in which every login waits for a core.

An account has a share at one address, and none of its own: otherwise connections from elsewhere
that send wrong passwords, or that a rate limit refuses, would take the share of the owner.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from flask_watchword.accounts.client_addresses import address_block, routed_network
from flask_watchword.accounts.rate_limits import TooManyAttempts
from flask_watchword.locks import process_lock

#: Of the places at the cores and in the queue: half for one address, a quarter for one account at
#: that address.
_ADDRESS_SHARE = 2
_ACCOUNT_SHARE = 4
#: Two windows of one user, even where there is one core.
_LEAST = 2

#: Seconds after which a place is free again as a rule.
_RETRY_SECONDS = 1.0


class HashShares:
    """Counts the requests that hash for each client, in this process.

    Args:
        capacity: returns how many requests may hash or wait at once.
    """

    def __init__(self, capacity: Callable[[], int]) -> None:
        self._capacity = capacity
        self._lock = process_lock()
        self._taken: Counter[str] = Counter()

    @contextlib.contextmanager
    def taken(self, address: str, account: str | None) -> Iterator[None]:
        """Take a place for a request until it has been answered.

        Args:
            address: of the client.
            account: whose password is checked; ``None`` where that is not known yet.

        Raises:
            TooManyAttempts: when the client has as many places as it may have.
        """
        shares = self._shares(address, account)
        with self._lock():
            if any(self._taken[key] >= most for key, most in shares.items()):
                raise TooManyAttempts(_RETRY_SECONDS)
            self._taken.update(shares.keys())
        try:
            yield
        finally:
            with self._lock():
                self._taken.subtract(shares.keys())
                for key in shares:
                    if not self._taken[key]:
                        del self._taken[key]

    def _shares(self, address: str, account: str | None) -> Mapping[str, int]:
        capacity, block = self._capacity(), address_block(address)
        for_address = max(_LEAST, capacity // _ADDRESS_SHARE)
        shares = {f"address {block}": for_address}
        network = routed_network(address)
        if network is not None:
            shares[f"network {network}"] = for_address
        if account is not None:
            shares[f"account {block} {account}"] = max(_LEAST, capacity // _ACCOUNT_SHARE)
        return shares
