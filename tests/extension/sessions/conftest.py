"""A site over any store. What asks for nothing else gets the one in memory."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL

from flask_watchword.stores.opening import upgrade_database
from tests.extension.sessions.site import Site
from tests.servers.postgres import new_database
from tests.stores import conftest as stores
from tests.stores import valkey_places

postgres_server = stores.postgres_server
valkey_url = valkey_places.valkey_url

MakeSite = Callable[..., Site]


@pytest.fixture(scope="session")
def prepared_database(postgres_server: URL) -> Iterator[URL]:
    """A database with our tables, which others are copied from."""
    with new_database(postgres_server, f"prepared_{uuid4().hex}") as url:
        upgrade_database(url.render_as_string(hide_password=False))
        yield url


@pytest.fixture
def postgres_url(prepared_database: URL) -> Iterator[str]:
    with new_database(
        prepared_database.set(database="postgres"),
        f"site_{uuid4().hex}",
        template=str(prepared_database.database),
    ) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def prepared_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("prepared") / "sessions.db"
    upgrade_database(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(prepared_file: Path, tmp_path: Path) -> str:
    (tmp_path / "sessions.db").write_bytes(prepared_file.read_bytes())
    return f"sqlite:///{tmp_path}/sessions.db"


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
