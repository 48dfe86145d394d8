"""Connections for single statements, kept at hand in front of the pool.

To lend a connection and to take it back costs SQLAlchemy's pool as much as SQLite needs for the
statement in between.
"""

from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

from flask_watchword.fork_safety import ForkAware, watch_forks
from flask_watchword.infra.sql.postgres import is_readable


class ConnectionPool(ForkAware):
    """Lends connections of an engine's pool, and keeps some of those that come back.

    Args:
        engine: whose pool they come from, which counts those that are kept as lent.
        most: how many are kept.
    """

    def __init__(self, engine: Engine, most: int) -> None:
        self._engine = engine
        self._most = most
        self._may_be_dropped = engine.dialect.name == "postgresql"
        # A list: to append and to pop are one step each, so it needs no lock.
        self._kept: list[PoolProxiedConnection] = []
        watch_forks(self)

    def lend(self) -> PoolProxiedConnection:
        """Return a connection that its server has not dropped meanwhile."""
        try:
            kept = self._kept.pop()
        except IndexError:
            return self._engine.raw_connection()
        if self._may_be_dropped and self._has_news(kept):
            self._give_back(kept)  # the pool finds out what the news is before it lends it again
            return self._engine.raw_connection()
        return kept

    def take_back(self, lent: PoolProxiedConnection, *, keep: bool) -> None:
        """Keep a connection, or give it to the pool."""
        if keep and len(self._kept) < self._most:
            self._kept.append(lent)
        else:
            self._give_back(lent)

    def close_kept(self) -> None:
        """Close the connections that are not lent."""
        while self._kept:
            self._kept.pop().invalidate()

    def before_fork(self) -> None:
        """Leave no connection for a child to inherit."""
        self.close_kept()

    def _give_back(self, lent: PoolProxiedConnection) -> None:
        if self._may_be_dropped and lent.dbapi_connection.closed:  # type: ignore[union-attr]
            lent.invalidate()  # or the pool would roll it back, and log a trace of why that fails
        else:
            lent.close()

    def _has_news(self, kept: PoolProxiedConnection) -> bool:
        connection = kept.dbapi_connection
        return connection.closed or is_readable(0.0, connection.fileno())  # type: ignore[union-attr]
