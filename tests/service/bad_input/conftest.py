from collections.abc import Iterator

import pytest

from tests.service.good_requests import unthrottled
from tests.service.under_test import ServiceUnderTest, service_under_test


@pytest.fixture(scope="module")
def over_sqlite(shared_sqlite_url: str) -> Iterator[ServiceUnderTest]:
    with (
        pytest.MonkeyPatch.context() as patch,
        service_under_test(shared_sqlite_url, patch, trusted_proxies=1) as found,
    ):
        yield unthrottled(found)


@pytest.fixture(scope="module")
def everywhere(shared_url: str) -> Iterator[ServiceUnderTest]:
    """One service for all these tests, over SQLite and over PostgreSQL."""
    with (
        pytest.MonkeyPatch.context() as patch,
        service_under_test(shared_url, patch, trusted_proxies=1) as found,
    ):
        yield unthrottled(found)
