"""The stores that are tried: each of its own, started for the trial and gone afterwards."""

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
        name: what it is called in the table.
        url: where sessions are kept.
        crash: kills its server and starts it again; does nothing where there is none.
    """

    name: str
    url: str
    crash: Callable[[], None]

    @property
    def is_next_request(self) -> bool:
        """Whether a revocation is seen by all processes with their next request."""
        return self.name == SQLITE


@contextmanager
def sqlite() -> Iterator[Place]:
    """Lend a database in a file."""
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder:
        yield in_file(Path(folder) / "sessions.db")


def in_file(path: Path) -> Place:
    """Return the place of a database in a certain file, made ready."""
    url = f"sqlite:///{path}"
    upgrade_database(url)
    return Place(SQLITE, url, lambda: None)


@contextmanager
def postgresql() -> Iterator[Place]:
    """Lend a PostgreSQL server."""
    with running_postgres() as server:
        url = server.url.render_as_string(hide_password=False)
        upgrade_database(url)
        yield Place(POSTGRESQL, url, partial(_restart, server.stop, server.start))


@contextmanager
def valkey() -> Iterator[Place]:
    """Lend a Valkey server that keeps what it has answered for."""
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
