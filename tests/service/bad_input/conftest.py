from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.servers.postgres import new_database
from tests.service.good_requests import unthrottled
from tests.service.site import Site, site


@pytest.fixture(scope="module")
def over_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    file = tmp_path_factory.mktemp("service") / "store.db"
    file.write_bytes(sqlite_template.read_bytes())
    with (
        pytest.MonkeyPatch.context() as patch,
        site(f"sqlite:///{file}", patch, trusted_proxies=1) as found,
    ):
        yield unthrottled(found)


@pytest.fixture(scope="module")
def over_postgres(request: pytest.FixtureRequest) -> Iterator[Site]:
    template = request.getfixturevalue("postgres_template")
    server = template.set(database="postgres")
    with (
        pytest.MonkeyPatch.context() as patch,
        new_database(server, f"watchword_{uuid4().hex}", template.database) as url,
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
