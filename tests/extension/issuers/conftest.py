"""Two issuers on one server, and an application that accepts the tokens of both."""

from collections.abc import Iterator

import pytest

from tests.extension.issuers.others import Other, Place, options
from tests.infra.http.elapsed import Elapsed
from tests.infra.http.site import Site, running


@pytest.fixture
def site() -> Iterator[Site]:
    with running() as site:
        yield site


@pytest.fixture
def elapsed() -> Elapsed:
    return Elapsed()


@pytest.fixture
def one(site: Site) -> Other:
    return Other(site, "/one")


@pytest.fixture
def two(site: Site) -> Other:
    return Other(site, "/two")


@pytest.fixture
def place(elapsed: Elapsed, one: Other, two: Other) -> Place:
    return Place(elapsed, options(one, two))
