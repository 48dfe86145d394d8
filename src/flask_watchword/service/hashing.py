"""A client's share of the password hashing of this process."""

from contextlib import AbstractContextManager

from flask_watchword.service.client_address import client
from flask_watchword.service.context import service_context


def hashing_share(account: str | None = None) -> AbstractContextManager[None]:
    """Return what holds a place for the client of the current request while it hashes.

    Enter it before attempts are counted, so that a client which floods the service does not keep
    the store busy either.

    Args:
        account: whose password is checked, by email key or id; ``None`` where that is not known.

    Raises:
        TooManyTries: when it is entered and the client has as many places as it may have.
    """
    return service_context().hash_shares.slot(client().address, account)
