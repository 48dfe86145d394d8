"""Limit how much of the password hashing of this process one client can use."""

from contextlib import AbstractContextManager

from flask_watchword.service.context import ServiceContext


def hashing_share(
    context: ServiceContext, account: str | None = None
) -> AbstractContextManager[None]:
    """Return a context manager that takes one of the hashing slots of the current client.

    Enter it before attempts are counted, so that a client which floods the service does not keep
    the store busy either.

    Args:
        context: the service.
        account: the e-mail key or the id of the account whose password is verified; ``None`` if it
            is not known.

    Raises:
        TooManyAttempts: on entering, when the client uses all of its slots.
    """
    return context.hash_shares.slot(context.client_address, account)
