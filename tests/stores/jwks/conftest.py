"""A server, and a clock that stands still."""

from collections.abc import Iterator

import pytest

from tests.stores.jwks.elapsed import Elapsed
from tests.stores.jwks.site import Site, running


@pytest.fixture
def site() -> Iterator[Site]:
    with running() as site:
        yield site


@pytest.fixture
def elapsed() -> Elapsed:
    return Elapsed()
