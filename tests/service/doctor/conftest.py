import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A directory that every user of the machine may enter; pytest's own are private."""
    with tempfile.TemporaryDirectory(prefix="watchword-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
