"""Share Prometheus counters between worker processes, so that each can report the sum."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


@contextlib.contextmanager
def shared_metrics() -> Iterator[None]:
    """Share counters between all processes that are started in the block.

    Enter it before anything imports ``prometheus_client``, which looks for the folder once. Unless
    the operator has set a folder, a temporary one is created and removed at the end.
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
