"""Errors that every store raises: it does not answer, or has the schema of a later version."""


class StoreUnavailable(Exception):
    """The store did not answer: it is down, locked, full or not set up. The cause is chained.

    Attributes:
        retry_after: seconds after which a client may try again.
    """

    retry_after = 2

    def __init__(self, message: str) -> None:
        super().__init__(in_one_line(message))


class KeysUnavailable(StoreUnavailable):
    """The keys of an issuer are not cached and could not be fetched.

    Attributes:
        retry_after: seconds until they are fetched again.
    """

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnusableProxy(Exception):
    """The environment names a proxy that cannot be used; the message contains no credentials."""


class LaterSchema(Exception):
    """A later version of the package has upgraded the database; this version cannot use it."""

    def __init__(self, current: str | None, newest: str) -> None:
        super().__init__(
            f"the database is at revision {current}, of a later version of Watchword; {newest} is "
            "the newest of this one: install the later version here"
        )


def in_one_line(message: str) -> str:
    """Return an error message in one line for the log; drivers send several lines."""
    return " ".join(message.split())
