"""The errors by which every store says that it cannot answer, or not to this version."""


class StoreUnavailable(Exception):
    """The store did not answer: down, locked, full, or never set up. The cause is chained.

    Attributes:
        retry_after: seconds after which trying again makes sense.
    """

    retry_after = 2

    def __init__(self, message: str) -> None:
        super().__init__(in_one_line(message))


class KeysUnavailable(StoreUnavailable):
    """The keys of an issuer are not here, and could not be fetched.

    Attributes:
        retry_after: seconds until they are fetched again.
    """

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnusableProxy(Exception):
    """A proxy that the environment names and that cannot be used; the text has no credentials."""


class LaterSchema(Exception):
    """A later version has changed the schema; whoever starts has to be of that version as well."""

    def __init__(self, current: str | None, newest: str) -> None:
        super().__init__(
            f"the database is at revision {current}, of a later version of Watchword; {newest} is "
            "the newest of this one: install the later version here"
        )


def in_one_line(told: str) -> str:
    """Return what an error tells as a log has it; what a driver says may have several lines."""
    return " ".join(told.split())
