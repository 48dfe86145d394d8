"""A site over any store. What asks for nothing else gets the one in memory."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.extension.sessions.site import Site

MakeSite = Callable[..., Site]


@pytest.fixture
def own_valkey_url(valkey_url: str) -> str:
    return f"{valkey_url}?prefix=site-{uuid4().hex}"


STORES = [
    "memory://",
    "sqlite_url",
    pytest.param("postgres_url", marks=pytest.mark.server),
    pytest.param("own_valkey_url", marks=pytest.mark.server),
]

#: Put before a test, it is run over each store.
on_every_store = pytest.mark.parametrize("store_url", STORES, indirect=True)


@pytest.fixture
def store_url(request: pytest.FixtureRequest) -> str:
    """Where sessions are kept; two sites over one URL are two processes, but for memory."""
    name = getattr(request, "param", "memory://")
    return name if name == "memory://" else str(request.getfixturevalue(name))


@pytest.fixture
def make_site(store_url: str) -> Iterator[MakeSite]:
    sites: list[Site] = []

    def make(**options: Any) -> Site:
        sites.append(Site(**{"WATCHWORD_SESSION_STORE": store_url, **options}))
        return sites[-1]

    yield make
    for site in sites:
        site.close()


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    return make_site()
