from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.cli import conftest as served
from tests.servers.postgres import new_database
from tests.service.good_requests import unthrottled
from tests.service.site import Site, site

postgres_server = served.postgres_server


@pytest.fixture(scope="module")
def over_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("service")
        with site(f"sqlite:///{folder}/store.db", patch, trusted_proxies=1) as found:
            yield unthrottled(found)


@pytest.fixture(scope="module")
def over_postgres(request: pytest.FixtureRequest) -> Iterator[Site]:
    server = request.getfixturevalue("postgres_server")
    with (
        pytest.MonkeyPatch.context() as patch,
        new_database(server, f"watchword_{uuid4().hex}") as url,
        site(url.render_as_string(hide_password=False), patch, trusted_proxies=1) as found,
    ):
        yield unthrottled(found)


@pytest.fixture(
    scope="module",
    params=["over_sqlite", pytest.param("over_postgres", marks=pytest.mark.server)],
)
def everywhere(request: pytest.FixtureRequest) -> Site:
    """One service for all that these tests send, over a database: SQLite, and PostgreSQL."""
    found: Site = request.getfixturevalue(request.param)
    return found
