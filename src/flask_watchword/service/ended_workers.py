"""Delete the gauges of ended workers from the folder of the shared metrics."""

import os
from pathlib import Path


def delete_gauges_of_ended_processes(folder: Path) -> None:
    """Delete the gauges of ended processes, which describe the present; their counters stay.

    Args:
        folder: has the files of each process, named by its process id.
    """
    for file in folder.glob("gauge_live*.db"):
        pid = file.stem.rpartition("_")[2]
        if pid.isdigit() and not _is_running(int(pid)):
            # Another worker may delete it at the same time.
            file.unlink(missing_ok=True)


def _is_running(pid: int) -> bool:
    # Not with /proc, which only Linux has. Signal 0 is not delivered: see kill(2).
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it belongs to another user
    return True
