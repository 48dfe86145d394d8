"""Determine who can access a file, by its mode and by those of its parent folders."""

import stat
from pathlib import Path


def others_reach(file: Path) -> bool:
    """Tell whether every user of the machine can read or write a file."""
    return _is_accessible(file, stat.S_IROTH | stat.S_IWOTH, stat.S_IXOTH)


def group_reaches(file: Path) -> bool:
    """Tell whether the group of a file can read or write it."""
    return _is_accessible(file, stat.S_IRGRP | stat.S_IWGRP, stat.S_IXGRP | stat.S_IXOTH)


def _is_accessible(file: Path, use: int, search: int) -> bool:
    try:
        path = file.resolve()
        # A folder without the search bit protects its content, regardless of the file's mode.
        return bool(path.stat().st_mode & use) and all(
            folder.stat().st_mode & search for folder in path.parents
        )
    except OSError:
        return False
