"""Where the time comes from: one function, so that a test can put another in its place."""

import time
from collections.abc import Callable

#: A function that returns seconds since the epoch.
Clock = Callable[[], float]


def system_clock() -> float:
    """Return the machine's time in seconds since the epoch.

    The attribute is looked up at each call, so that libraries which freeze ``time.time`` in
    tests freeze this clock as well.
    """
    return time.time()
