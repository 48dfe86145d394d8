"""A server, and a clock that moves only when told to."""

from collections.abc import Iterator

import pytest

from tests.infra.http.elapsed import Elapsed
from tests.infra.http.site import Site, running


@pytest.fixture
def site() -> Iterator[Site]:
    with running() as site:
        yield site


@pytest.fixture
def elapsed() -> Elapsed:
    return Elapsed()
