"""State of a database, for the doctor's checks."""

import time
from dataclasses import dataclass

from sqlalchemy import Engine, text

from flask_watchword.infra.sql.engine import open_engine, reading
from flask_watchword.infra.sql.schema import Revision, schema_revision


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """State of a database.

    Attributes:
        revision: revision of its schema.
        ahead: seconds by which its clock is ahead of this machine's; ``None`` for SQLite, which
            has no clock of its own.
    """

    revision: Revision
    ahead: float | None


def database_state(url: str) -> DatabaseState:
    """Return the state of a database; change nothing and create no file.

    Raises:
        StoreUnavailable: when it does not answer in time.
    """
    engine = open_engine(url)
    try:
        return DatabaseState(schema_revision(engine), _ahead(engine))
    finally:
        engine.dispose()


def _ahead(engine: Engine) -> float | None:
    if engine.dialect.name == "sqlite":
        return None
    with reading(engine) as connection:
        started = time.time()
        server_time = connection.execute(
            text("SELECT extract(epoch FROM clock_timestamp())")
        ).scalar_one()
        # Half of the round trip.
        return float(server_time) - (started + time.time()) / 2
