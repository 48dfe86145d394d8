"""What a database tells of itself to whoever examines it."""

import time
from dataclasses import dataclass

from sqlalchemy import Engine, text

from flask_watchword.infra.sql.engine import open_engine, reading
from flask_watchword.infra.sql.schema import Revision, schema_revision


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """What a database tells of itself.

    Attributes:
        revision: where its schema stands.
        ahead: seconds that its clock is ahead of this machine's; ``None`` for SQLite, which has
            none of its own.
    """

    revision: Revision
    ahead: float | None


def database_state(url: str) -> DatabaseState:
    """Return what a database tells of itself; nothing is changed, and no file is made.

    Raises:
        StoreUnavailable: when it does not answer within some seconds.
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
        began = time.time()
        shown = connection.execute(
            text("SELECT extract(epoch FROM clock_timestamp())")
        ).scalar_one()
        # Half of the way there and back.
        return float(shown) - (began + time.time()) / 2
