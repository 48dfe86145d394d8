"""An application over any store; by default the one in memory."""

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

#: Parametrises a test over every store.
on_every_store = pytest.mark.parametrize("store_url", STORES, indirect=True)


@pytest.fixture
def store_url(request: pytest.FixtureRequest) -> str:
    """The session store; two applications over one URL act as two processes, except in memory."""
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
