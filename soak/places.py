"""The tested stores: each is started for its trial and removed afterwards."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flask_watchword.infra.factory import upgrade_database
from tests.servers.postgres import running_postgres
from tests.servers.valkey import running_valkey

SQLITE, POSTGRESQL, VALKEY = "SQLite", "PostgreSQL", "Valkey"


@dataclass(frozen=True)
class Place:
    """A store.

    Attributes:
        name: its name in the table.
        url: the URL of the session store.
        crash: kills its server and restarts it; does nothing for a file.
    """

    name: str
    url: str
    crash: Callable[[], None]

    @property
    def is_next_request(self) -> bool:
        """Whether all processes see a revocation at their next request."""
        return self.name == SQLITE


@contextmanager
def sqlite() -> Iterator[Place]:
    """Yield a database in a file."""
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder:
        yield in_file(Path(folder) / "sessions.db")


def in_file(path: Path) -> Place:
    """Return a store in a given database file, with its schema."""
    url = f"sqlite:///{path}"
    upgrade_database(url)
    return Place(SQLITE, url, lambda: None)


@contextmanager
def postgresql() -> Iterator[Place]:
    """Yield a PostgreSQL server."""
    with running_postgres() as server:
        url = server.url.render_as_string(hide_password=False)
        upgrade_database(url)
        yield Place(POSTGRESQL, url, partial(_restart, server.stop, server.start))


@contextmanager
def valkey() -> Iterator[Place]:
    """Yield a Valkey server that persists every acknowledged write."""
    with running_valkey(appendonly="yes", appendfsync="always") as server:
        yield Place(VALKEY, server.url, partial(_restart, server.stop, server.start))


PLACES: dict[str, Callable[[], AbstractContextManager[Place]]] = {
    SQLITE: sqlite,
    POSTGRESQL: postgresql,
    VALKEY: valkey,
}


def _restart(stop: Callable[[], None], start: Callable[[], None]) -> None:
    stop()
    start()
