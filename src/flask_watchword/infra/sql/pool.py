"""A few idle connections in front of SQLAlchemy's pool.

Checking a connection out of SQLAlchemy's pool and in again takes as long as the statement between
them takes in SQLite.
"""

from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

from flask_watchword.fork_safety import ForkAware, watch_forks
from flask_watchword.infra.sql.postgres import is_readable


class ConnectionPool(ForkAware):
    """Takes connections from an engine's pool, and keeps some of those that are released.

    Args:
        engine: the engine; its pool counts the kept connections as checked out.
        size: the most connections to keep.
    """

    def __init__(self, engine: Engine, size: int) -> None:
        self._engine = engine
        self._size = size
        self._may_be_dropped = engine.dialect.name == "postgresql"
        # `append` and `pop` of a list are atomic, so it needs no lock.
        self._idle: list[PoolProxiedConnection] = []
        watch_forks(self)

    def acquire(self) -> PoolProxiedConnection:
        """Return a connection that its server has not dropped."""
        try:
            idle = self._idle.pop()
        except IndexError:
            return self._engine.raw_connection()
        if self._may_be_dropped and self._was_dropped(idle):
            self._return_to_engine(idle)  # whose pool checks it before it is used again
            return self._engine.raw_connection()
        return idle

    def release(self, connection: PoolProxiedConnection, *, keep: bool) -> None:
        """Keep a connection, or return it to the pool of the engine."""
        if keep and len(self._idle) < self._size:
            self._idle.append(connection)
        else:
            self._return_to_engine(connection)

    def close_idle(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().invalidate()

    def before_fork(self) -> None:
        """Close the connections that a child would inherit."""
        self.close_idle()

    def _return_to_engine(self, connection: PoolProxiedConnection) -> None:
        own = connection.dbapi_connection  # `None` if SQLAlchemy has found it lost
        if self._may_be_dropped and own is not None and own.closed:
            connection.invalidate()  # or the pool rolls it back, fails, and logs a traceback
        else:
            connection.close()

    def _was_dropped(self, idle: PoolProxiedConnection) -> bool:
        connection = idle.dbapi_connection
        # The server sends nothing to an idle connection except when it closes it.
        return connection.closed or is_readable(0.0, connection.fileno())  # type: ignore[union-attr]
