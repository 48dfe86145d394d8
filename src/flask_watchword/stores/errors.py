"""The one error by which every store says that it cannot answer."""


class StoreUnavailable(Exception):
    """The store did not answer: down, locked, full, or never set up. The cause is chained.

    Attributes:
        retry_after: seconds after which trying again makes sense.
    """

    retry_after = 2


class KeysUnavailable(StoreUnavailable):
    """The keys of an issuer are not here, and could not be fetched.

    Attributes:
        retry_after: seconds until they are fetched again.
    """

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after
