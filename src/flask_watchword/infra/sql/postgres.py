"""How PostgreSQL is opened, and how a connection is noticed that its server has dropped."""

import math
import select
from importlib import import_module
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, exc

from flask_watchword.extras import MissingExtra

#: Seconds that a statement may take, waiting for locks included.
STATEMENT_SECONDS = 1.1

#: Seconds beyond the time a statement may take, after which its server counts as silent.
SILENCE_SECONDS = 0.4

#: Seconds that a request waits for a server that says nothing, be it for the answer to a statement,
#: for a new connection or for one out of the pool. With all else that a request does it is to be
#: answered within two.
ANSWER_SECONDS = STATEMENT_SECONDS + SILENCE_SECONDS

#: What libpq is told for a new connection: whole seconds, and it makes two of less.
_CONNECT_SECONDS = 2

#: SQLSTATEs of a transaction that was undone in favour of another: serialization failure, deadlock.
IN_THE_WAY = frozenset({"40001", "40P01"})

#: SQLSTATE of a table that is not there.
NO_SUCH_TABLE = "42P01"


def open_engine(url: URL, busy_seconds: float) -> Engine:
    """Return an engine for a PostgreSQL database.

    Raises:
        MissingExtra: when the driver cannot be imported.
    """
    _import_driver()
    settings: dict[str, Any] = {
        "connect_timeout": _CONNECT_SECONDS,
        "options": f"-c statement_timeout={round(busy_seconds * 1000)}",
        "application_name": "watchword",
        # A server that has vanished without a word is noticed after seconds, not after hours.
        "tcp_user_timeout": 1000 * _CONNECT_SECONDS,
        "keepalives_idle": 5,
        "keepalives_interval": 1,
        "keepalives_count": 3,
    }
    engine = create_engine(
        url,
        connect_args={name: value for name, value in settings.items() if name not in url.query},
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,  # or a trace in the log has what was looked for
        pool_size=8,
        max_overflow=8,
        pool_timeout=ANSWER_SECONDS,
    )
    replace_dropped_connections(engine)
    if "options" not in url.query:  # or how long a statement may take is not ours to say
        # Here and not above: who uses SQLite alone has no psycopg.
        from flask_watchword.infra.sql.bounded_connection import bound_connections

        bound_connections(
            engine,
            busy_seconds + SILENCE_SECONDS,
            connecting=None if "connect_timeout" in url.query else ANSWER_SECONDS,
        )
    return engine


def replace_dropped_connections(engine: Engine) -> None:
    """Have an engine lend no connection whose server has gone away while it was in the pool.

    To send a statement again after its connection was lost would not do instead: it may have been
    committed, and a refresh that is repeated late looks like a replay.
    """
    event.listen(engine, "checkout", _refuse_dropped)


def _refuse_dropped(connection: Any, _record: Any, _proxy: Any) -> None:
    # A server says nothing to a connection that waits in a pool, but for its end. So to look
    # whether there is something to read finds what a restart of the server left behind, without
    # the round trip that asking would take.
    try:
        if is_readable(0.0, connection.fileno()):
            connection.execute("SELECT 1")
            connection.rollback()
    except connection.Error as error:
        raise exc.InvalidatePoolError("the server has dropped this connection") from error


def is_readable(seconds: float, *descriptors: int) -> bool:
    """Wait until there is something to read from one of the descriptors; tell whether there is."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(math.ceil(seconds * 1000)))


def _import_driver() -> None:
    try:
        import_module("psycopg")
    except ImportError:
        # Without psycopg-binary and without libpq it is installed and fails, at some length.
        raise MissingExtra("psycopg", "postgres") from None
