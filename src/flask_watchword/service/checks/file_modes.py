"""Who else can get at a file: by its own mode, and by those of the folders above it."""

import stat
from pathlib import Path


def others_reach(file: Path) -> bool:
    """Tell whether every user of the machine can read or write a file."""
    return _reached(file, stat.S_IROTH | stat.S_IWOTH, stat.S_IXOTH)


def group_reaches(file: Path) -> bool:
    """Tell whether the group of a file can read or write it."""
    return _reached(file, stat.S_IRGRP | stat.S_IWGRP, stat.S_IXGRP | stat.S_IXOTH)


def _reached(file: Path, use: int, search: int) -> bool:
    try:
        place = file.resolve()
        # A folder that is closed keeps others from what is in it, whatever its own mode.
        return bool(place.stat().st_mode & use) and all(
            folder.stat().st_mode & search for folder in place.parents
        )
    except OSError:
        return False
