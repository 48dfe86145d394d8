"""PostgreSQL engines: connection settings, and replacing connections the server has dropped."""

import math
import select
from importlib import import_module
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, exc

from flask_watchword.extras import MissingExtra

#: Time limit of a statement in seconds, waiting for locks included.
STATEMENT_SECONDS = 1.1

#: Seconds after the time limit of a statement at which its server counts as unresponsive.
GRACE_SECONDS = 0.4

#: Seconds that a request waits for an unresponsive server: for the result of a statement, for a new
#: connection or for one from the pool. The whole request has to be answered within two seconds.
ANSWER_SECONDS = STATEMENT_SECONDS + GRACE_SECONDS

#: libpq's ``connect_timeout``: whole seconds, and libpq raises it to two.
_CONNECT_SECONDS = 2

#: SQLSTATEs of a transaction rolled back because of another: serialization failure, deadlock.
CONFLICTS = frozenset({"40001", "40P01"})

#: SQLSTATE of a missing table.
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
        # A server that disappears without closing its connections is noticed in seconds, not hours.
        "tcp_user_timeout": 1000 * _CONNECT_SECONDS,
        "keepalives_idle": 5,
        "keepalives_interval": 1,
        "keepalives_count": 3,
    }
    engine = create_engine(
        url,
        connect_args={name: value for name, value in settings.items() if name not in url.query},
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,  # or tracebacks in the log contain the values of statements
        pool_size=8,
        max_overflow=8,
        pool_timeout=ANSWER_SECONDS,
    )
    replace_dropped_connections(engine)
    if "options" not in url.query:  # the URL sets its own time limit of statements
        # Imported here, because an application that uses only SQLite has no psycopg.
        from flask_watchword.infra.sql.bounded_connection import limit_waiting

        limit_waiting(
            engine,
            busy_seconds + GRACE_SECONDS,
            connect_seconds=None if "connect_timeout" in url.query else ANSWER_SECONDS,
        )
    return engine


def replace_dropped_connections(engine: Engine) -> None:
    """Replace pooled connections that the server has dropped before they are used.

    Sending a statement again after its connection was lost is no alternative: the first one may
    have been committed, and a repeated refresh would look like reuse of a refresh token.
    """
    event.listen(engine, "checkout", _refuse_dropped)


def _refuse_dropped(connection: Any, _record: Any, _proxy: Any) -> None:
    # The server sends nothing to an idle connection except that it closes it. So checking for
    # readable bytes detects a restarted server without the round trip of a query.
    try:
        if is_readable(0.0, connection.fileno()):
            connection.execute("SELECT 1")
            connection.rollback()
    except connection.Error as error:
        raise exc.InvalidatePoolError("the server has dropped this connection") from error


def is_readable(seconds: float, *descriptors: int) -> bool:
    """Wait until one of the descriptors is readable; return whether one is."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(math.ceil(seconds * 1000)))


def _import_driver() -> None:
    try:
        import_module("psycopg")
    except ImportError:
        # Without psycopg-binary and libpq, psycopg is installed but its import fails.
        raise MissingExtra("psycopg", "postgres") from None
