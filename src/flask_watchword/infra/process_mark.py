"""Whether two living processes use what one of them made before a fork."""

import mmap
import os

_BYTES = 8


class ProcessMark:
    """A process id in memory that the children of a fork share."""

    def __init__(self) -> None:
        # Anonymous and shared: a child writes where its parent reads.
        self._shared = mmap.mmap(-1, _BYTES)

    def has_other(self) -> bool:
        """Tell whether another living process has called this; otherwise note this process.

        A worker that has taken the place of one that ended is alone.
        """
        own, noted = os.getpid(), int.from_bytes(self._shared[:_BYTES], "little")
        if noted not in (0, own) and _is_alive(noted):
            return True
        self._shared[:_BYTES] = own.to_bytes(_BYTES, "little")
        return False


def _is_alive(process: int) -> bool:
    if os.name != "posix":
        return False  # there are no forks, and signal 0 would end the process
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
