"""What workers that have ended leave behind in the folder where all count together."""

import os
from pathlib import Path


def drop_gauges_of_the_ended(folder: Path) -> None:
    """Delete the gauges of processes that have ended, which tell of now; their counts stay.

    Args:
        folder: where each process has its files, named by its number.
    """
    for file in folder.glob("gauge_live*.db"):
        pid = file.stem.rpartition("_")[2]
        if pid.isdigit() and not _is_running(int(pid)):
            # Another worker may do so at the same moment.
            file.unlink(missing_ok=True)


def _is_running(pid: int) -> bool:
    # Not by /proc, which is Linux's alone. Signal 0 is sent to nobody: see kill(2).
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's
    return True
