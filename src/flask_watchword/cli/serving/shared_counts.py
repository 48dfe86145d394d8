"""Where the workers of one service keep their counts, so that any of them can tell the sum."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


@contextlib.contextmanager
def counted_together() -> Iterator[None]:
    """Let all processes that are started meanwhile count together.

    To be entered before anything imports ``prometheus_client``, which looks for the folder once.
    Unless the operator has named a folder, one is made here and removed in the end.
    """
    if _FOLDER in os.environ:
        yield
        return
    folder = tempfile.mkdtemp(prefix="watchword-metrics-")
    os.environ[_FOLDER] = folder
    try:
        yield
    finally:
        del os.environ[_FOLDER]
        shutil.rmtree(folder, ignore_errors=True)
