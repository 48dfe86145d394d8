"""A temporary SQLite database for one process: what ``sqlite://`` means in this package.

Several connections use it at the same time, so it cannot be an in-memory database, which belongs to
one connection. It is a file in a folder of its own that no other user can read. On Linux this
folder is in memory.
"""

import os
import shutil
import tempfile
import weakref
from pathlib import Path

#: The usual spelling of its URL.
IN_MEMORY = "sqlite://"

_SPELLINGS = frozenset({IN_MEMORY, "sqlite:///", "sqlite:///:memory:"})
_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in it has a random name and is private


def is_in_memory(target: object) -> bool:
    """Return whether a URL names a SQLite database without a file."""
    return isinstance(target, str) and target.replace("+pysqlite", "", 1) in _SPELLINGS


class TemporaryDatabase:
    """A database file that is deleted with this object.

    Attributes:
        url: URL of the file.
    """

    def __init__(self) -> None:
        in_memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
        folder = tempfile.mkdtemp(prefix="watchword-", dir=in_memory)
        self.url = f"sqlite:///{folder}/watchword.db"
        self._remove = weakref.finalize(self, _remove_folder, folder, os.getpid())

    def stop_waiting(self) -> None:
        """Do nothing: no thread waits for it."""

    def close(self) -> None:
        """Delete the file and the files beside it."""
        self._remove()


def _remove_folder(folder: str, owner: int) -> None:
    # A forked child that exits must not delete it: its parent still uses it.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
