from collections.abc import Iterator

import pytest

from tests.service.good_requests import unthrottled
from tests.service.site import Site, site


@pytest.fixture(scope="module")
def over_sqlite(shared_sqlite_url: str) -> Iterator[Site]:
    with (
        pytest.MonkeyPatch.context() as patch,
        site(shared_sqlite_url, patch, trusted_proxies=1) as found,
    ):
        yield unthrottled(found)


@pytest.fixture(scope="module")
def everywhere(shared_url: str) -> Iterator[Site]:
    """One service for all these tests, over SQLite and over PostgreSQL."""
    with pytest.MonkeyPatch.context() as patch, site(shared_url, patch, trusted_proxies=1) as found:
        yield unthrottled(found)
