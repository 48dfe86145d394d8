"""One session database for each contestant."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from tests.servers.postgres import new_database, running_postgres

Databases = Callable[[str], str]
"""Given a name, the URL of a new database."""


@contextmanager
def sqlite_files() -> Iterator[Databases]:
    """Yield files in a new directory."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield lambda name: f"sqlite:///{Path(folder)}/{name}.db"


@contextmanager
def postgres_databases() -> Iterator[Databases]:
    """Yield databases of a new server."""
    with (
        running_postgres(shared_buffers="256MB", max_wal_size="4GB") as server,
        ExitStack() as lent,
    ):

        def lend(name: str) -> str:
            url = lent.enter_context(new_database(server.url, name))
            return url.render_as_string(hide_password=False)

        yield lend


PLACES: dict[str, Callable[[], AbstractContextManager[Databases]]] = {
    "SQLite": sqlite_files,
    "PostgreSQL": postgres_databases,
}
