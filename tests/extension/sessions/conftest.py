"""A site over the store in memory."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.extension.sessions.site import Site

MakeSite = Callable[..., Site]


@pytest.fixture
def make_site() -> Iterator[MakeSite]:
    sites: list[Site] = []

    def make(**options: Any) -> Site:
        sites.append(Site(**options))
        return sites[-1]

    yield make
    for site in sites:
        site.close()


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    return make_site()
