"""Detect that two running processes use an object that was created before a fork."""

import mmap
import os

_BYTES = 8


class ProcessMark:
    """A process id in memory that a process shares with its forked children."""

    def __init__(self) -> None:
        # Anonymous and shared: parent and children see each other's writes.
        self._shared = mmap.mmap(-1, _BYTES)

    def has_other(self) -> bool:
        """Return whether another running process has called this; otherwise record this process.

        A worker that has replaced one that exited is alone.
        """
        own, recorded = os.getpid(), int.from_bytes(self._shared[:_BYTES], "little")
        if recorded not in (0, own) and _is_running(recorded):
            return True
        self._shared[:_BYTES] = own.to_bytes(_BYTES, "little")
        return False


def _is_running(process: int) -> bool:
    if os.name != "posix":
        return False  # there are no forks, and signal 0 would terminate the process
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
