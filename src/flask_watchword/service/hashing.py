"""A client's share of the password hashing of this process."""

from contextlib import AbstractContextManager

from flask_watchword.service.context import ServiceContext


def hashing_share(
    context: ServiceContext, account: str | None = None
) -> AbstractContextManager[None]:
    """Return what holds a place for the client of the current request while it hashes.

    Enter it before attempts are counted, so that a client which floods the service does not keep
    the store busy either.

    Args:
        account: whose password is checked, by email key or id; ``None`` where that is not known.

    Raises:
        TooManyTries: when it is entered and the client has as many places as it may have.
    """
    return context.hash_shares.slot(context.client_address, account)
