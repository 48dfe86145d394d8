"""Fixtures for every test: one server of each kind per test process, and databases."""

import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings
from sqlalchemy import URL, make_url

from flask_watchword.infra.factory import upgrade_database
from tests.route_builders import keep_route_builders
from tests.servers.postgres import new_database, running_postgres
from tests.servers.valkey import redis_program, running_cluster, running_valkey

# The same examples in every run, and no deadline: a busy machine must not fail a test.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

_MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a private folder below it
_GIB = 2**30
#: Allocations between two garbage collections; Python's default is 700.
_ALLOCATIONS = 50_000


def pytest_configure() -> None:
    """Give tests the same conditions on every machine.

    Temporary files are in memory where there is room, so that databases do not wait for a disk.
    ``TMPDIR`` names another directory.
    """
    keep_route_builders()
    if "TMPDIR" not in os.environ and _is_usable(_MEMORY):
        os.environ["TMPDIR"] = str(_MEMORY)  # for child processes as well
        tempfile.tempdir = None
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell ignores SIGINT for its background jobs, and child processes inherit that:
        # processes started by tests would not receive Ctrl+C.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Collect garbage less often: it took a fifth of the time of a test run.

    Objects created by collecting the tests live until the end, so they are excluded.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS)


def _is_usable(folder: Path) -> bool:
    if not os.access(folder, os.W_OK) or shutil.disk_usage(folder).free < 2 * _GIB:
        return False
    # Containers often mount it without exec permission; PostgreSQL's executables are copied there.
    return not os.statvfs(folder).f_flag & os.ST_NOEXEC


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """The URL of a real PostgreSQL server, on which tests create databases."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield make_url(given)
        return
    with running_postgres() as server:
        yield server.url


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """The URL of a real Valkey server; each test uses its own key prefix."""
    given = os.environ.get("TEST_VALKEY_URL")
    if given:
        yield given
        return
    with running_valkey() as server:
        yield server.url


@pytest.fixture(scope="session")
def valkey_cluster_url() -> Iterator[str]:
    """The URL of a real Valkey cluster."""
    with running_cluster() as servers:
        yield servers[0].url.replace("valkey://", "valkey+cluster://")


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a real Redis server; without one the test is skipped."""
    program = redis_program()
    if program is None:
        pytest.skip("there is no redis-server here")
    with running_valkey(program) as server:
        yield server.url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema, which tests copy: migrating takes longer than most tests."""
    file = tmp_path_factory.mktemp("template") / "template.db"
    upgrade_database(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres_server: URL) -> Iterator[URL]:
    """A PostgreSQL database with the schema, which tests copy."""
    with new_database(postgres_server, f"template_{uuid4().hex}") as url:
        upgrade_database(url.render_as_string(hide_password=False))
        yield url


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A SQLite file with the schema."""
    file = tmp_path / "store.db"
    # Accessible to its owner only, as the package creates it.
    file.touch(mode=0o600)
    file.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{file}"


@pytest.fixture
def postgres_url(postgres_server: URL, postgres_template: URL) -> Iterator[str]:
    """A database with the schema on a real server."""
    with new_database(
        postgres_server, f"watchword_{uuid4().hex}", str(postgres_template.database)
    ) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.server)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database with the schema: SQLite and PostgreSQL."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
def new_sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def new_postgres_url(postgres_server: URL) -> Iterator[str]:
    """A database without tables on a real server."""
    with new_database(postgres_server, f"watchword_{uuid4().hex}") as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture(
    params=["new_sqlite_url", pytest.param("new_postgres_url", marks=pytest.mark.server)]
)
def new_database_url(request: pytest.FixtureRequest) -> str:
    """A database without tables: SQLite and PostgreSQL."""
    url: str = request.getfixturevalue(request.param)
    return url
