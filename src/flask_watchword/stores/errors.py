"""The one error by which every store says that it cannot answer."""


class StoreUnavailable(Exception):
    """The store did not answer: down, locked, full, or never set up. The cause is chained.

    Attributes:
        retry_after: seconds after which trying again makes sense.
    """

    retry_after = 2
