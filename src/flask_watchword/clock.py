"""The clock: one function, which tests can replace."""

import time
from collections.abc import Callable

#: A function that returns seconds since the epoch.
Clock = Callable[[], float]


def system_clock() -> float:
    """Return the system time in seconds since the epoch.

    ``time.time`` is looked up at each call, so libraries that freeze it in tests also freeze this
    clock.
    """
    return time.time()
