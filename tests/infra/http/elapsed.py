"""A clock in seconds that the test advances."""

import threading


class Elapsed:
    """Seconds since some point in time; counts how often it was read."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked = threading.Semaphore(0)

    def __call__(self) -> float:
        self.asked.release()
        return self.now

    def wait_until_asked(self, times: int) -> None:
        for _ in range(times):
            assert self.asked.acquire(timeout=30)
