"""A SQLite database for one process, gone when its application is: what ``sqlite://`` means here.

Several connections at once use it, for which a database in the memory of one connection is no
place. So it is a file in a folder of its own, which no other user can read. On Linux that folder
is in memory.
"""

import os
import shutil
import tempfile
import weakref
from pathlib import Path

#: The plain spelling of it.
IN_MEMORY = "sqlite://"

_SPELLINGS = frozenset({IN_MEMORY, "sqlite:///", "sqlite:///:memory:"})
_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in it has a random name, and is only ours


def is_in_memory(target: object) -> bool:
    """Tell whether a URL names a SQLite database without a file."""
    return isinstance(target, str) and target.replace("+pysqlite", "", 1) in _SPELLINGS


class TemporaryDatabase:
    """The file of such a database.

    Attributes:
        url: the URL of the file.
    """

    def __init__(self) -> None:
        in_memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
        folder = tempfile.mkdtemp(prefix="watchword-", dir=in_memory)
        self.url = f"sqlite:///{folder}/watchword.db"
        self._remove = weakref.finalize(self, _remove_folder, folder, os.getpid())

    def stop_waiting(self) -> None:
        """Do nothing: no thread waits for it."""

    def close(self) -> None:
        """Delete the file and what is beside it."""
        self._remove()


def _remove_folder(folder: str, maker: int) -> None:
    # A forked process that ends leaves it to the one that goes on with it.
    if os.getpid() == maker:
        shutil.rmtree(folder, ignore_errors=True)
